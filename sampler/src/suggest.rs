//! From a search and its history to a trial's parameters, with the record from which they can be computed again.

use pedigree_protocol::Params;
use pedigree_protocol::suggestion::{Choice, SamplerVersion, Suggested, Transfer};

use crate::axis::Axis;
use crate::history::History;
use crate::preset;
use crate::sampler::{Ask, Chosen, Drawn, Sampler, Search};
use crate::transfer;

/// A proposed configuration, and what it was computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The configuration.
    pub params: Params,
    /// Everything that decided it, beside the space and the trials themselves.
    pub record: Suggested,
}

/// Proposes the parameters of trial `number`, counted from 1: a pure function of its arguments.
///
/// If the history holds the trial itself, it is left out. The order of the history does not matter.
pub fn suggest(search: &Search<'_>, number: u32, history: &History) -> Suggestion {
    let sampler = preset::of(search.method);
    let axes = Axis::all(search.space);
    let view = history.view(&axes, number);
    let mut ask = Ask::new(search, axes, number, &view);
    ask.donors = transfer::rank(history.donors(), &ask);
    let drawn = sampler.draw(&ask);
    let given = if drawn.startup { transfer::propose(&ask) } else { None };
    let transfer = transfer::record(&ask.donors, given.as_ref());
    let record = record(sampler, search, &ask, &drawn, transfer);
    let point = given.map_or(drawn.point, |given| given.point);
    let params = search
        .space
        .admit(point.into_values(&ask.axes))
        .expect("values decoded from an axis lie in its domain");
    Suggestion { params, record }
}

fn record(
    sampler: &dyn Sampler,
    search: &Search<'_>,
    ask: &Ask<'_>,
    drawn: &Drawn,
    transfer: Option<Transfer>,
) -> Suggested {
    let (finished, pending) = ask.view.numbers();
    let choice = |Chosen { sampler, why }| Choice { sampler: version(sampler), why: why.to_owned() };
    Suggested {
        sampler: version(sampler),
        seed: search.seed,
        number: ask.number,
        trials: ask.trials,
        finished,
        pending,
        skipped: ask.view.skipped.clone(),
        startup: drawn.startup,
        chosen: drawn.chosen.map(choice),
        transfer,
    }
}

fn version(sampler: &dyn Sampler) -> SamplerVersion {
    SamplerVersion { sampler: sampler.name().to_owned(), version: sampler.version() }
}
