//! The `final` key: what follows the search.

use super::foreign;
use super::problem::{Report, hint};
use super::table::{Keys, Table};
use crate::finals::{FinalData, FinalModel, Finals};

const KEYS: Keys = Keys { known: &["model", "seeds", "data", "margin"], foreign: foreign::finals };

/// Reads what follows the search; `None` when something was reported.
pub(super) fn read(document: &Table<'_>, report: &mut Report) -> Option<Finals> {
    let Some(node) = document.get("final") else { return Some(Finals::default()) };
    fields(&Table::open(node, "final", &KEYS, report)?, report)
}

/// Reads the keys of the mapping, whatever others stand beside them.
pub(super) fn fields(table: &Table<'_>, report: &mut Report) -> Option<Finals> {
    let (before, usual) = (report.problems.len(), Finals::default());
    let finals = Finals {
        model: word(table, "model", FinalModel::ALL, FinalModel::as_str, report).unwrap_or(usual.model),
        seeds: table.count("seeds", 1, crate::finals::MOST_SEEDS, report).unwrap_or(usual.seeds),
        data: word(table, "data", FinalData::ALL, FinalData::as_str, report).unwrap_or(usual.data),
        margin: table.number("margin", report),
    };
    if report.problems.len() == before
        && let Err((key, message)) = finals.check()
    {
        report.fault(table.place(key), table.key(key), message);
    }
    (report.problems.len() == before).then_some(finals)
}

/// The choice that a key names; `None` where there is no key, or where it was reported.
pub(super) fn word<T: Copy, const N: usize>(
    table: &Table<'_>,
    key: &str,
    all: [T; N],
    name: fn(T) -> &'static str,
    report: &mut Report,
) -> Option<T> {
    let given = table.text(key, report)?;
    let found = all.into_iter().find(|choice| name(*choice) == given);
    if found.is_none() {
        let message = format!("there is no {key} {given:?}; {}", hint(given, &all.map(name)));
        report.fault(table.place(key), table.key(key), message);
    }
    found
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::tests::{GOOD, refuse};
    use super::super::{Overrides, SweepFile};
    use super::*;

    fn read(line: &str) -> Finals {
        let file = SweepFile::parse(&format!("{GOOD}{line}\n"), "s.yaml").unwrap();
        file.spec(&Overrides::default()).unwrap().finals
    }

    #[test]
    fn what_follows_the_search_is_read() {
        assert_eq!(read(""), Finals::default());
        let (seeds, data) = (5, FinalData::TrainDev);
        let asked = Finals { seeds, data, margin: Some(0.01), ..Finals::default() };
        assert_eq!(read("final: {model: retrain, seeds: 5, data: train+dev, margin: 1e-2}"), asked);
        let taken = Finals { model: FinalModel::BestTrial, ..Finals::default() };
        assert_eq!(read("final: {model: best_trial}"), taken);
    }

    #[test]
    fn what_cannot_be_had_is_refused_at_its_key() {
        let refused = |line: &str| refuse(&format!("{GOOD}{line}\n"));
        assert_snapshot!(refused("final: 5"), @"s.yaml:14:8: final: is 5; give a mapping with the keys model, seeds, data, margin");
        assert_snapshot!(refused("final: {seed: 5}"), @"s.yaml:14:9: final.seed: is not a key here; did you mean seeds?");
        assert_snapshot!(refused("final: {test: winners}"), @"s.yaml:14:9: final.test: is not a key here; a study always opens its test split; only a grid chooses");
        assert_snapshot!(refused("final: {seeds: 51}"), @"s.yaml:14:16: final.seeds: 51 is out of bounds; give 1 to 50");
        assert_snapshot!(refused("final: {data: train-dev}"), @r#"s.yaml:14:15: final.data: there is no data "train-dev"; did you mean train+dev?"#);
        assert_snapshot!(refused("final: {margin: 1.5}"), @"s.yaml:14:17: final.margin: 1.5 is no F1; give a number from 0 to below 1, such as 0.01");
        assert_snapshot!(refused("final: {model: best_trial, seeds: 3}"), @"s.yaml:14:35: final.seeds: the best trial was trained with one seed; write model: retrain, or leave seeds out");
        assert_snapshot!(refused("final: {model: best_trial, data: train+dev}"), @"s.yaml:14:34: final.data: the best trial was trained on train only; write model: retrain, or data: train");
    }
}
