//! The default: hands each question to the sampler that suits the space and the budget, and says why.
//!
//! Knows the other samplers by what they are good at, nothing of how they work.

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
        1
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        let chosen = choose(ask);
        Drawn { chosen: Some(chosen), ..chosen.sampler.draw(ask) }
    }
}

fn choose(_ask: &Ask<'_>) -> Chosen {
    Chosen { sampler: &Tpe, why: "it takes every kind of space" }
}
