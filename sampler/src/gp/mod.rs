//! Gaussian-process search, from the history to a point.
//!
//! Rows of features (`encoding`) and standardised losses (`outlook`) become `observations`. A `kernel` is fitted to them by
//! its `evidence` (`lbfgs`, `cholesky`), which gives a `posterior`. Trials that broke a constraint give a second model, of
//! `feasibility` (`laplace`). `acquisition` scores points (`improvement`), and `propose` finds the best one. The first
//! trials are points of the Sobol sequence.

mod acquisition;
mod cholesky;
mod encoding;
mod evidence;
mod feasibility;
mod improvement;
mod kernel;
mod laplace;
mod lbfgs;
mod observations;
mod outlook;
mod posterior;
mod propose;
#[cfg(test)]
mod tests;

use self::acquisition::Acquisition;
use self::encoding::Encoding;
use self::outlook::Outlook;
use self::propose::Proposal;
use crate::axis::Point;
use crate::random;
use crate::sampler::{Ask, Drawn, Sampler};
use crate::sobol;

/// Until this many trials have finished, there is no model.
const STARTUP: usize = 10;

/// Proposes where a Gaussian process expects the most improvement.
#[derive(Debug)]
pub(crate) struct Gp;

impl Sampler for Gp {
    fn name(&self) -> &'static str {
        "gp"
    }

    fn version(&self) -> u32 {
        5
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        if ask.view.finished() < STARTUP {
            return Drawn::startup(sobol::draw_new(ask, ask.place(), |i, unit| ask.axes[i].uniform(unit)));
        }
        match modelled(ask) {
            Some(point) => Drawn::modelled(point),
            None => Drawn::startup(random::draw_new(ask)),
        }
    }
}

fn modelled(ask: &Ask<'_>) -> Option<Point> {
    let encoding = Encoding::of(&ask.axes);
    if encoding.is_empty() {
        return None;
    }
    let acquisition = Acquisition::of(&encoding, Outlook::of(ask, &encoding))?;
    Proposal::new(ask, acquisition).point()
}
