//! Where a trial's parameters came from: given by a user, or suggested by a sampler.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::suggested::Suggested;

/// Where a trial's parameters came from. Any JSON can be read as one: what this version does not understand is
/// [`Record::Unreadable`], so that one bad record never hides the others.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = SuggestionRecord)]
pub enum Record {
    /// A sampler suggested them.
    Suggested(Box<Suggested>),
    /// A user gave them.
    Given(Given),
    /// The record cannot be read.
    Unreadable(Unreadable),
}

/// Parameters that a user enqueued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = GivenRecord)]
pub struct Given {
    /// Always `enqueued`, in place of a sampler's name.
    sampler: ByUser,
    /// The key under which the user enqueued them.
    pub key: String,
    /// Number of the trial.
    pub number: u32,
}

/// What the record of given parameters names in place of a sampler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
enum ByUser {
    #[serde(rename = "enqueued")]
    Enqueued,
}

impl ByUser {
    const NAME: &str = "enqueued";
}

impl Given {
    /// The record of the parameters that a trial took from the queue.
    pub fn new(key: String, number: u32) -> Self {
        Self { sampler: ByUser::Enqueued, key, number }
    }
}

/// A record that this version does not understand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = UnreadableRecord)]
pub struct Unreadable {
    /// Why it cannot be read.
    pub unreadable: String,
    /// The record as it is stored.
    pub record: Value,
}

impl Record {
    /// Name of the sampler, as far as the record tells.
    pub fn sampler(&self) -> &str {
        match self {
            Self::Suggested(suggested) => &suggested.sampler.sampler,
            Self::Given(_) => ByUser::NAME,
            Self::Unreadable(unreadable) => sampler_in(&unreadable.record).unwrap_or("unknown"),
        }
    }

    /// The suggestion, where a sampler made one.
    pub fn suggested(&self) -> Option<&Suggested> {
        match self {
            Self::Suggested(suggested) => Some(suggested),
            Self::Given(_) | Self::Unreadable(_) => None,
        }
    }
}

fn sampler_in(json: &Value) -> Option<&str> {
    json.get("sampler")?.as_str()
}

fn read(json: &Value) -> serde_json::Result<Record> {
    if json.get("unreadable").is_some() {
        return Unreadable::deserialize(json).map(Record::Unreadable);
    }
    if sampler_in(json) == Some(ByUser::NAME) {
        return Given::deserialize(json).map(Record::Given);
    }
    Suggested::deserialize(json).map(|suggested| Record::Suggested(Box::new(suggested)))
}

impl From<Value> for Record {
    fn from(json: Value) -> Self {
        read(&json).unwrap_or_else(|error| {
            Self::Unreadable(Unreadable { unreadable: error.to_string(), record: json })
        })
    }
}

impl From<Suggested> for Record {
    fn from(suggested: Suggested) -> Self {
        Self::Suggested(Box::new(suggested))
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Choice, DonorAsked, Origin, SamplerVersion, Transfer};
    use super::*;

    fn suggested(json: Value) -> Suggested {
        match Record::from(json) {
            Record::Suggested(suggested) => *suggested,
            other => panic!("{other:?}"),
        }
    }

    fn maker(sampler: &str, version: u32) -> SamplerVersion {
        SamplerVersion { sampler: sampler.to_owned(), version }
    }

    /// Every form that is written today, as databases hold it.
    fn written() -> Vec<Value> {
        let donors = json!([{ "study": "a", "trials": 40, "weight": 0.25 }]);
        vec![
            json!({ "sampler": "tpe", "version": 3, "seed": 13, "number": 9, "trials": 40, "finished": [[1, 6], 8],
                    "pending": [7], "skipped": [], "startup": false }),
            json!({ "sampler": "random", "version": 2, "seed": u64::MAX, "number": 1, "trials": null, "finished": [],
                    "pending": [], "skipped": [[2, 3]], "startup": true }),
            json!({ "sampler": "auto", "version": 2, "seed": 1, "number": 2, "trials": 40, "finished": [1],
                    "pending": [], "skipped": [], "startup": true, "chosen": { "sampler": "gp", "version": 5 },
                    "why": "the space is small" }),
            json!({ "sampler": "tpe", "version": 3, "seed": 1, "number": 1, "trials": 40, "finished": [],
                    "pending": [], "skipped": [], "startup": true, "donors": donors, "transfer_version": 2,
                    "transfer": { "from": "a", "how": "best" } }),
            json!({ "sampler": "tpe", "version": 3, "seed": 1, "number": 2, "trials": 40, "finished": [1],
                    "pending": [], "skipped": [], "startup": true, "donors": donors, "transfer_version": 2,
                    "transfer": null }),
            json!({ "sampler": "enqueued", "key": "a", "number": 4 }),
        ]
    }

    #[test]
    fn what_is_written_today_stays_as_it_is() {
        for json in written() {
            let record = Record::from(json.clone());
            assert!(!matches!(record, Record::Unreadable(_)), "{record:?}");
            assert_eq!(serde_json::to_value(&record).unwrap(), json);
        }
    }

    #[test]
    fn each_part_of_a_record_is_read() {
        let [plain, unlimited, auto, given, drawn, enqueued] = written().try_into().unwrap();
        let plain = suggested(plain);
        assert_eq!(
            (plain.sampler, plain.seed, plain.number, plain.trials),
            (maker("tpe", 3), 13, 9, Some(40))
        );
        assert_eq!(
            (plain.finished, plain.pending),
            ((1..=6).chain([8]).collect(), [7].into_iter().collect())
        );
        assert!(
            !plain.startup && plain.skipped.is_empty() && plain.chosen.is_none() && plain.transfer.is_none()
        );
        let unlimited = suggested(unlimited);
        assert_eq!((unlimited.seed, unlimited.trials, unlimited.startup), (u64::MAX, None, true));
        let why = "the space is small".to_owned();
        assert_eq!(suggested(auto).chosen, Some(Choice { sampler: maker("gp", 5), why }));
        let donors = vec![DonorAsked { study: "a".into(), trials: 40, weight: 0.25 }];
        let origin = Some(Origin { from: "a".into(), how: "best".into() });
        let transfer = Transfer { version: 2, donors, origin };
        assert_eq!(suggested(drawn).transfer, Some(Transfer { origin: None, ..transfer.clone() }));
        assert_eq!(suggested(given).transfer, Some(transfer));
        assert_eq!(Record::from(enqueued), Record::Given(Given::new("a".into(), 4)));
    }

    /// The first release named every trial, and no budget; the first transfer named no version.
    #[test]
    fn older_records_are_read() {
        let oldest = suggested(json!({ "sampler": "random", "version": 1, "seed": 7, "number": 5,
            "finished": [1, 2, 4], "pending": [3], "skipped": [], "startup": true }));
        assert_eq!((oldest.sampler, oldest.trials), (maker("random", 1), None));
        assert_eq!(oldest.finished, serde_json::from_value(json!([[1, 2], 4])).unwrap());
        let donors = json!([{ "study": "a", "trials": 12, "weight": 0.5 }]);
        let transferred = suggested(
            json!({ "sampler": "tpe", "version": 2, "seed": 7, "number": 5, "trials": 20,
            "finished": [], "pending": [], "skipped": [], "startup": true, "donors": donors, "transfer": null }),
        );
        assert_eq!(transferred.transfer.map(|transfer| (transfer.version, transfer.origin)), Some((1, None)));
        let unknown = suggested(json!({ "sampler": "hill-climbing", "version": 9, "seed": 7, "number": 5,
            "temperature": 0.5 }));
        assert_eq!(unknown.sampler.to_string(), "hill-climbing version 9");
    }

    #[test]
    fn what_cannot_be_read_says_why_and_keeps_its_content() {
        for (json, sampler) in [
            (json!({ "sampler": "tpe" }), "tpe"),
            (json!({ "sampler": "enqueued", "number": 4 }), "enqueued"),
            (json!({ "sampler": "tpe", "version": 3, "seed": 1, "number": -1 }), "tpe"),
            (json!({}), "unknown"),
            (json!([1]), "unknown"),
            (Value::Null, "unknown"),
        ] {
            let record = Record::from(json.clone());
            let Record::Unreadable(unreadable) = &record else { panic!("{record:?}") };
            assert_eq!((&unreadable.record, record.sampler()), (&json, sampler));
            assert!(!unreadable.unreadable.is_empty());
            // A client reads what the coordinator sends of it.
            assert_eq!(Record::from(serde_json::to_value(&record).unwrap()), record);
        }
    }

    #[test]
    fn one_bad_record_leaves_the_others_readable() {
        let records: Vec<Record> = serde_json::from_value(
            json!([{ "sampler": 5 }, { "sampler": "enqueued", "key": "a", "number": 4 }]),
        )
        .unwrap();
        assert!(matches!(records[..], [Record::Unreadable(_), Record::Given(_)]), "{records:?}");
    }
}
