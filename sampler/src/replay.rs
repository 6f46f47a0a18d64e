//! Whether a recorded suggestion can be computed again, bit for bit, from what was recorded with it.
//!
//! The record names the trials that were visible; their results never change once they have ended, so that the study's
//! trials as they are now give back what the sampler saw then. Pure; where trials are kept is not known here.

use std::collections::BTreeMap;

use pedigree_protocol::ParamValues;
use serde::Deserialize;
use serde_json::Value;

use crate::history::{History, Observed, Outcome};
use crate::numbers::Numbers;
use crate::sampler::{Search, suggest};
use crate::transfer::Donor;

/// What became of computing a suggestion again.
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
    /// It was made by a sampler, or a version of one, that this program no longer has.
    OtherVersion {
        /// The one in the record.
        recorded: String,
        /// The one that would answer now.
        here: String,
    },
    /// The record does not say enough, or contradicts the trials; a sentence says how.
    Unreadable(String),
}

/// What a record says of what was visible.
#[derive(Debug, Deserialize)]
struct Watermark {
    number: u32,
    #[serde(default)]
    finished: Numbers,
    #[serde(default)]
    pending: Numbers,
    #[serde(default)]
    skipped: Numbers,
}

/// Computes the suggestion of a trial again. `trials` are those of the study as they are now, the trial itself
/// included or not; `donors` are those that the record names, in its order.
pub fn replay(
    search: &Search<'_>,
    recorded: &ParamValues,
    record: &Value,
    trials: &[Observed],
    donors: &[Donor],
) -> Replay {
    let watermark: Watermark = match Watermark::deserialize(record) {
        Ok(watermark) => watermark,
        Err(error) => return Replay::Unreadable(format!("the record cannot be read: {error}")),
    };
    let history = match watermark.history(trials) {
        Ok(history) => history,
        Err(sentence) => return Replay::Unreadable(sentence),
    };
    let now = suggest(search, watermark.number, &history.with_donors(donors.to_vec()));
    let (there, here) = (maker(record), maker(&now.record));
    if there != here {
        return Replay::OtherVersion { recorded: there, here };
    }
    let params = now.params.into_values();
    let differing = differing(recorded, &params, record, &now.record);
    if differing.is_empty() {
        return Replay::Same;
    }
    Replay::Differs { params, what: format!("other {}", differing.join(", ")) }
}

impl Watermark {
    /// The trials as they were seen.
    fn history(&self, trials: &[Observed]) -> Result<History, String> {
        let known: BTreeMap<u32, &Observed> = trials.iter().map(|trial| (trial.number, trial)).collect();
        let find = |number: u32| {
            known
                .get(&number)
                .copied()
                .cloned()
                .ok_or_else(|| format!("trial {number}, which was seen, is not there"))
        };
        let mut seen = Vec::new();
        for number in self.finished.iter() {
            let trial = find(number)?;
            if !trial.outcome.is_finished() {
                return Err(format!("trial {number} was seen with a result, and has none"));
            }
            seen.push(trial);
        }
        for number in self.pending.iter() {
            seen.push(Observed { outcome: Outcome::Pending, ..find(number)? });
        }
        for number in self.skipped.iter() {
            seen.push(find(number)?);
        }
        Ok(History::new(seen))
    }
}

/// Name and version of the sampler in a record, of the one that it left the choice to, and of the transfer.
fn maker(record: &Value) -> String {
    let named = |record: &Value| {
        let name = record["sampler"].as_str().unwrap_or("an unnamed sampler");
        format!("{name} version {}", record["version"])
    };
    let made_by = match record.get("chosen") {
        Some(chosen) if chosen.is_object() => format!("{} ({})", named(record), named(chosen)),
        _ => named(record),
    };
    match (record.get("donors"), record.get("transfer_version")) {
        (None, _) => made_by,
        // The first version did not say so.
        (Some(_), version) => format!("{made_by} with transfer version {}", version.unwrap_or(&1.into())),
    }
}

/// Names of the parameters, and of the parts of the record, that are not the same.
fn differing(recorded: &ParamValues, params: &ParamValues, then: &Value, now: &Value) -> Vec<String> {
    let names = recorded.keys().chain(params.keys());
    let mut differing: Vec<String> =
        names.filter(|name| recorded.get(*name) != params.get(*name)).cloned().collect();
    let keys = [then, now].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys);
    differing
        .extend(keys.filter(|key| then.get(*key) != now.get(*key)).map(|key| format!("record of {key}")));
    differing.sort();
    differing.dedup();
    differing
}
