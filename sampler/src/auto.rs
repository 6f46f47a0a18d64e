//! The default method: chooses the sampler that suits the space and the budget, and says why.
//!
//! Owns what each sampler is good at. Must not know how the samplers work.

use crate::gp::Gp;
use crate::sampler::{Ask, Chosen, Drawn, Sampler};
use crate::tpe::Tpe;

/// Chooses among the other samplers.
#[derive(Debug)]
pub(crate) struct Auto;

impl Sampler for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn version(&self) -> u32 {
        2
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        let chosen = choose(ask);
        Drawn { chosen: Some(chosen), ..chosen.sampler.draw(ask) }
    }
}

/// With more finished trials than this, or a larger budget, a Gaussian process costs more than it gains: it looks at only
/// 120 trials.
const MANY_TRIALS: usize = 200;
/// With more dimensions than this, a Gaussian process learns too little about each from so few trials.
const MANY_DIMENSIONS: usize = 24;

fn choose(ask: &Ask<'_>) -> Chosen {
    let budget = ask.trials.map_or(0, |trials| trials as usize);
    if ask.axes.iter().any(|axis| axis.prior().is_some()) {
        Chosen { sampler: &Tpe, why: "the space states priors, which a Gaussian process would not look at" }
    } else if budget.max(ask.view.len()) > MANY_TRIALS {
        Chosen { sampler: &Tpe, why: "with more than 200 trials a Gaussian process would forget some" }
    } else if ask.axes.iter().filter(|axis| !axis.is_fixed()).count() > MANY_DIMENSIONS {
        Chosen { sampler: &Tpe, why: "the space has more than 24 dimensions" }
    } else {
        Chosen {
            sampler: &Gp,
            why: "with at most 200 trials in at most 24 dimensions it learns most from each",
        }
    }
}
