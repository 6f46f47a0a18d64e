//! Whether a recorded suggestion can be computed again, bit for bit, from its record.
//!
//! The record names the trials that the sampler saw. The result of an ended trial never changes, so today's trials of the
//! study give back what the sampler saw then. Pure. Must not know where trials are kept.

use std::collections::BTreeMap;

use pedigree_protocol::ParamValues;
use pedigree_protocol::suggestion::Suggested;
use serde_json::Value;

use crate::donor::Donor;
use crate::history::History;
use crate::sampler::Search;
use crate::suggest::suggest;
use crate::trial::{Observed, Outcome};

/// The result of computing a suggestion again.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// Parameters and record are the same to the last bit.
    Same,
    /// They are not.
    Differs {
        /// What is computed now.
        params: ParamValues,
        /// Which parts differ, as a clause.
        what: String,
    },
    /// It was made by a sampler, or a version of one, that this program does not have.
    OtherVersion {
        /// The one in the record.
        recorded: String,
        /// The one that would answer now.
        here: String,
    },
    /// The record contradicts the trials. The sentence says how.
    Contradicts(String),
}

/// Computes the suggestion of a trial again. `trials` are the study's trials as they are now, with or without the trial
/// itself; `donors` are the donors that the record names, in its order.
pub fn replay(
    search: &Search<'_>,
    recorded: &ParamValues,
    record: &Suggested,
    trials: &[Observed],
    donors: &[Donor],
) -> Replay {
    let history = match history(record, trials) {
        Ok(history) => history,
        Err(sentence) => return Replay::Contradicts(sentence),
    };
    let now = suggest(search, record.number, &history.with_donors(donors.to_vec()));
    let (there, here) = (maker(record), maker(&now.record));
    if there != here {
        return Replay::OtherVersion { recorded: there, here };
    }
    let params = now.params.into_values();
    let mut differing = differing_params(recorded, &params);
    differing.extend(differing_parts(record, &now.record));
    if differing.is_empty() {
        return Replay::Same;
    }
    Replay::Differs { params, what: format!("other {}", differing.join(", ")) }
}

/// The trials as the sampler saw them.
fn history(record: &Suggested, trials: &[Observed]) -> Result<History, String> {
    let known: BTreeMap<u32, &Observed> = trials.iter().map(|trial| (trial.number, trial)).collect();
    let find = |number: u32| match known.get(&number) {
        Some(trial) => Ok((*trial).clone()),
        None => Err(format!("trial {number}, which was seen, is not there")),
    };
    let mut seen = Vec::new();
    for number in record.finished.iter() {
        let trial = find(number)?;
        if !trial.outcome.is_finished() {
            return Err(format!("trial {number} was seen with a result, and has none"));
        }
        seen.push(trial);
    }
    for number in record.pending.iter() {
        seen.push(Observed { outcome: Outcome::Pending, ..find(number)? });
    }
    for number in record.skipped.iter() {
        seen.push(find(number)?);
    }
    Ok(History::new(seen))
}

/// The sampler, the one that it chose, and the transfer, each with its version.
fn maker(record: &Suggested) -> String {
    let made_by = match &record.chosen {
        Some(chosen) => format!("{} ({})", record.sampler, chosen.sampler),
        None => record.sampler.to_string(),
    };
    match &record.transfer {
        Some(transfer) => format!("{made_by} with transfer version {}", transfer.version),
        None => made_by,
    }
}

/// Names of the parameters that are not the same.
fn differing_params(recorded: &ParamValues, now: &ParamValues) -> Vec<String> {
    let mut names: Vec<&String> = recorded.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    names.into_iter().filter(|name| recorded.get(*name) != now.get(*name)).cloned().collect()
}

/// The parts of the record that are not the same, by their names in its JSON.
fn differing_parts(recorded: &Suggested, now: &Suggested) -> Vec<String> {
    if recorded == now {
        return Vec::new();
    }
    let json = |record: &Suggested| serde_json::to_value(record).unwrap_or_default();
    let (then, now) = (json(recorded), json(now));
    let mut parts: Vec<&String> =
        [&then, &now].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys).collect();
    parts.sort();
    parts.dedup();
    let differ = parts.into_iter().filter(|part| then.get(*part) != now.get(*part));
    differ.map(|part| format!("record of {part}")).collect()
}
