//! What every sampler is asked, and what it answers.
//!
//! Knows no sampler by name: `preset` chooses one, `suggest` asks it.

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Method, Space};

use crate::axis::{Axis, Point};
use crate::donor::Donors;
use crate::history::View;
use crate::seed::Seeds;

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
    /// The study's budget in trials; `None` where none was stated.
    pub trials: Option<u32>,
}

/// A way to choose the next point. A released version never changes what it draws: a change makes a new version.
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
    /// Number of the trial that is asked for, counted from 1.
    pub(crate) number: u32,
    /// The study's budget.
    pub(crate) trials: Option<u32>,
    /// The trials that may be used.
    pub(crate) view: &'a View,
    /// The donors that may be asked.
    pub(crate) donors: Donors,
}

impl<'a> Ask<'a> {
    /// A question about trial `number`, without donors. The axes are those of the search's space.
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

    /// The trial's place in the sampler's own design, counted from 1. A donor's configuration takes no place in it.
    pub(crate) fn place(&self) -> u32 {
        self.number.saturating_sub(u32::from(self.donors.has_given(self.view.trials())))
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
    /// Drawn without a model, because too few trials have finished.
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

/// The sampler that another one chose, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen {
    pub(crate) sampler: &'static dyn Sampler,
    /// A clause that follows "because".
    pub(crate) why: &'static str,
}
