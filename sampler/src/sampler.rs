//! What every sampler is given and gives back, and the record that makes its suggestion replayable.

use pedigree_protocol::objective::Goal;
use pedigree_protocol::study::Method;
use pedigree_protocol::{Params, Space};
use serde_json::json;

use crate::axis::{Axis, Point};
use crate::history::{History, View};
use crate::random::Random;
use crate::seed::Seeds;
use crate::tpe::Tpe;

/// A proposed configuration and the record of what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The configuration.
    pub params: Params,
    /// Everything that decided it, beside the space and the trials themselves: `sampler`, `version`, `seed`,
    /// `number`, the numbers of the visible `finished` and `pending` trials, of the trials `skipped` because their
    /// parameters do not lie in the space, and whether this was a random `startup` draw.
    pub record: serde_json::Value,
}

/// Proposes the parameters of trial `number`: a pure function of its arguments.
///
/// The trial itself is not seen, should the history hold it. The order in which the history was presented does not
/// matter.
pub fn suggest(
    method: Method,
    space: &Space,
    goal: Goal,
    study_seed: u64,
    number: u32,
    history: &History,
) -> Suggestion {
    let axes = Axis::all(space);
    let view = history.view(space, &axes, number);
    let ask = Ask { axes, goal, seeds: Seeds::new(study_seed, number), view };
    match method {
        Method::Random => settle(&Random, space, study_seed, number, &ask),
        Method::Tpe => settle(&Tpe, space, study_seed, number, &ask),
    }
}

fn settle<S: Sampler>(sampler: &S, space: &Space, study_seed: u64, number: u32, ask: &Ask<'_>) -> Suggestion {
    let Drawn { point, startup } = sampler.draw(ask);
    let params = space.admit(point.values).expect("values decoded from an axis lie in its domain");
    let record = json!({
        "sampler": S::NAME,
        "version": S::VERSION,
        "seed": study_seed,
        "number": number,
        "finished": ask.view.numbers(true),
        "pending": ask.view.numbers(false),
        "skipped": ask.view.skipped,
        "startup": startup,
    });
    Suggestion { params, record }
}

/// A way to choose the next point.
pub(crate) trait Sampler {
    /// The name in records.
    const NAME: &'static str;
    /// Grows with every change that changes a suggestion.
    const VERSION: u32;

    /// Chooses a point: the same one for the same question.
    fn draw(&self, ask: &Ask<'_>) -> Drawn;
}

/// A question to a sampler.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) axes: Vec<Axis<'a>>,
    pub(crate) goal: Goal,
    pub(crate) seeds: Seeds,
    pub(crate) view: View,
}

impl Ask<'_> {
    /// Whether the point can be counted and a visible trial has it already.
    pub(crate) fn is_repeated(&self, point: &Point) -> bool {
        point.is_discrete(&self.axes) && self.view.trials.iter().any(|t| t.coordinates == point.coordinates)
    }
}

/// A sampler's answer.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) point: Point,
    /// Drawn at random for want of finished trials.
    pub(crate) startup: bool,
}
