//! Multivariate tree-structured Parzen estimators.

use crate::random;
use crate::sampler::{Ask, Drawn, Sampler};

/// Trials drawn at random before the densities are trusted.
const STARTUP_TRIALS: usize = 10;

/// Draws where the density of good trials is large beside that of the others.
#[derive(Debug)]
pub(crate) struct Tpe;

impl Sampler for Tpe {
    const NAME: &'static str = "tpe";
    const VERSION: u32 = 1;

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        let finished = ask.view.trials.iter().filter(|t| t.outcome.is_finished()).count();
        Drawn { point: random::draw_new(ask), startup: finished < STARTUP_TRIALS }
    }
}
