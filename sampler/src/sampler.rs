//! What every sampler is given and gives back, and the record that makes its suggestion replayable.

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Method, Params, Space};
use serde_json::json;

use crate::axis::{Axis, Point};
use crate::history::{History, View};
use crate::preset;
use crate::seed::Seeds;
use crate::transfer::{self, Donors};

/// A study, as far as its suggestions depend on it.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// How trials are proposed.
    pub method: Method,
    /// What is searched.
    pub space: &'a Space,
    /// Which direction is better.
    pub goal: Goal,
    /// The study's seed.
    pub seed: u64,
    /// The trials of the whole study; `None` where nobody has said.
    pub trials: Option<u32>,
}

/// A proposed configuration and the record of what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The configuration.
    pub params: Params,
    /// Everything that decided it, beside the space and the trials themselves: `sampler`, `version`, `seed`,
    /// `number`, `trials` (the budget), the numbers of the visible `finished` and `pending` trials (`[first, last]` for
    /// several in a row), of the trials
    /// `skipped` because their parameters do not lie in the space, and whether this was a `startup` draw, made for want
    /// of finished trials. Where donors were asked, `donors` (each with its number of trials and its weight),
    /// `transfer` (from which donor the configuration came, and how; null where the sampler drew it) and
    /// `transfer_version`. Under `auto` also `chosen` (`sampler` and `version`), and `why`.
    pub record: serde_json::Value,
}

/// Proposes the parameters of trial `number`, counted from 1: a pure function of its arguments.
///
/// The trial itself is not seen, should the history hold it. The order in which the history was presented does not
/// matter.
pub fn suggest(search: &Search<'_>, number: u32, history: &History) -> Suggestion {
    let sampler = preset::of(search.method);
    let axes = Axis::all(search.space);
    let view = history.view(&axes, number);
    let mut ask = Ask::new(search, axes, number, &view);
    ask.donors = Donors::of(history, &ask);
    let mut drawn = sampler.draw(&ask);
    let mut record = record(sampler, search, &ask, &drawn);
    if !ask.donors.is_empty() {
        record["donors"] = ask.donors.record();
        record["transfer_version"] = transfer::VERSION.into();
        record["transfer"] = serde_json::Value::Null;
        if drawn.startup
            && let Some(given) = ask.donors.propose(&ask)
        {
            (drawn.point, record["transfer"]) = (given.point, given.how);
        }
    }
    let params = search
        .space
        .admit(drawn.point.into_values(&ask.axes))
        .expect("values decoded from an axis lie in its domain");
    Suggestion { params, record }
}

fn record(sampler: &dyn Sampler, search: &Search<'_>, ask: &Ask<'_>, drawn: &Drawn) -> serde_json::Value {
    let (finished, pending) = ask.view.numbers();
    let mut record = json!({
        "sampler": sampler.name(),
        "version": sampler.version(),
        "seed": search.seed,
        "number": ask.number,
        "trials": ask.trials,
        "finished": finished,
        "pending": pending,
        "skipped": ask.view.skipped,
        "startup": drawn.startup,
    });
    if let Some(Chosen { sampler, why }) = drawn.chosen {
        record["chosen"] = json!({ "sampler": sampler.name(), "version": sampler.version() });
        record["why"] = why.into();
    }
    record
}

/// A way to choose the next point. One that has been released never changes what it draws: a change is a sampler of
/// the next version beside it.
pub(crate) trait Sampler: std::fmt::Debug + Sync {
    /// The name in records.
    fn name(&self) -> &'static str;

    /// Grows with every change that changes a suggestion.
    fn version(&self) -> u32;

    /// Chooses a point: the same one for the same question.
    fn draw(&self, ask: &Ask<'_>) -> Drawn;
}

/// A question to a sampler.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// The dimensions, in file order.
    pub(crate) axes: Vec<Axis<'a>>,
    pub(crate) goal: Goal,
    pub(crate) seeds: Seeds,
    /// The trial that is asked for, counted from 1.
    pub(crate) number: u32,
    /// The budget of the study.
    pub(crate) trials: Option<u32>,
    /// What may be used.
    pub(crate) view: &'a View,
    /// Who may be asked.
    pub(crate) donors: Donors,
}

impl<'a> Ask<'a> {
    /// A question about trial `number`, whose axes are those of the search's space.
    pub(crate) fn new(search: &Search<'_>, axes: Vec<Axis<'a>>, number: u32, view: &'a View) -> Self {
        let seeds = Seeds::new(search.seed, number);
        Self {
            axes,
            goal: search.goal,
            seeds,
            number,
            trials: search.trials,
            view,
            donors: Donors::default(),
        }
    }

    /// The place of the trial in the sampler's own design, counted from 1: what donors gave first takes none.
    pub(crate) fn place(&self) -> u32 {
        self.number.saturating_sub(u32::from(self.donors.has_given(self.view)))
    }

    /// Whether the point can be counted and a visible trial has it already.
    pub(crate) fn is_repeated(&self, point: &Point) -> bool {
        point.is_discrete(&self.axes) && self.view.trials().any(|t| *t.coordinates == *point.coordinates)
    }
}

/// A sampler's answer.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) point: Point,
    /// Drawn without a model, for want of finished trials.
    pub(crate) startup: bool,
    /// Set by a sampler that left the choice to another.
    pub(crate) chosen: Option<Chosen>,
}

impl Drawn {
    /// A point that a model chose.
    pub(crate) fn modelled(point: Point) -> Self {
        Self { point, startup: false, chosen: None }
    }

    /// A point of the design that comes before any model.
    pub(crate) fn startup(point: Point) -> Self {
        Self { point, startup: true, chosen: None }
    }
}

/// The sampler that was left the choice, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen {
    pub(crate) sampler: &'static dyn Sampler,
    /// A clause that goes on after "because".
    pub(crate) why: &'static str,
}
