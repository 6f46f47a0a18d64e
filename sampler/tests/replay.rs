//! A parallel search can be computed again from its records, in whichever order its trials ended.

#![expect(
    clippy::unwrap_used,
    reason = "a test's panic is its report; the lint's own exemption ends at helpers of tests"
)]

use std::collections::BTreeMap;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::suggestion::{Record, Suggested};
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{Method, ParamValues, Scalar, Space};
use pedigree_sampler::replay::{Replay, replay};
use pedigree_sampler::{History, Observed, Outcome, Search, suggest};
use proptest::prelude::*;

fn space() -> Space {
    let float = |name: &str, min, max, log| Dimension {
        name: name.to_owned(),
        domain: Domain::Float { min, max, log, step: None },
        when: BTreeMap::new(),
        prior: None,
    };
    let values = [8, 16, 32].map(Scalar::Int).to_vec();
    let batch = Dimension {
        name: "batch".to_owned(),
        domain: Domain::Ordinal { values },
        when: BTreeMap::new(),
        prior: None,
    };
    Space::new(vec![float("rate", 1e-5, 1e-2, true), batch, float("decay", 0.0, 0.1, false)]).expect("valid")
}

/// A suggestion as a study keeps it: read back from JSON.
#[derive(Debug)]
struct Kept {
    params: ParamValues,
    record: Suggested,
}

/// How an open trial ends.
fn outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop_oneof![
        5 => (0.0..1.0).prop_map(|value| Some(Outcome::Completed(value))),
        1 => (1_u32..9, 0.0..1.0).prop_map(|(step, value)| Some(Outcome::Pruned { step, value: Some(value) })),
        1 => (0.1..2.0).prop_map(|violation| Some(Outcome::Infeasible { violation })),
        // Lost for good, crashed or cancelled: the sampler no longer sees it.
        1 => Just(None),
    ]
}

fn read_back(record: &Suggested) -> Suggested {
    match serde_json::from_str(&serde_json::to_string(record).unwrap()).unwrap() {
        Record::Suggested(record) => *record,
        other => panic!("{other:?}"),
    }
}

/// Eight places; at each turn one of the open trials ends and the next one is proposed.
fn run(search: &Search<'_>, turns: &[(usize, Option<Outcome>)]) -> (Vec<Kept>, Vec<Observed>) {
    let (mut kept, mut open, mut ended): (Vec<Kept>, Vec<Observed>, Vec<Observed>) = Default::default();
    let mut vanished: Vec<Observed> = Vec::new();
    for number in 1..=u32::try_from(turns.len()).unwrap() {
        let visible = ended.iter().chain(&open).cloned().collect();
        let suggestion = suggest(search, number, &History::new(visible));
        let json = serde_json::to_string(suggestion.params.values()).unwrap();
        let params: ParamValues = serde_json::from_str(&json).unwrap();
        let record = read_back(&suggestion.record);
        kept.push(Kept { params: params.clone(), record });
        open.push(Observed { number, params: params.into(), outcome: Outcome::Pending });
        let (index, outcome) = &turns[number as usize - 1];
        if open.len() == 8 {
            let trial = open.remove(*index);
            match outcome {
                Some(outcome) => ended.push(Observed { outcome: *outcome, ..trial }),
                None => vanished.push(trial),
            }
        }
    }
    // In the end the study knows every trial, also those that the sampler no longer saw.
    ended.extend(open);
    ended.extend(vanished);
    (kept, ended)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_suggestion_is_computed_again_under_every_interleaving(
        turns in prop::collection::vec((0_usize..8, outcome()), 25..45),
        seed in any::<u32>(),
    ) {
        let space = space();
        for method in Method::ALL {
            let trials = Some(u32::try_from(turns.len()).unwrap());
            let search = Search { method, space: &space, goal: Goal::Maximize, seed: seed.into(), trials };
            let (kept, trials) = run(&search, &turns);
            for Kept { params, record } in kept {
                let verdict = replay(&search, &params, &record, &trials, &[]);
                prop_assert_eq!(verdict, Replay::Same, "{:?}: {:?}", method, record);
            }
        }
    }
}

#[test]
fn what_cannot_be_computed_again_says_why() {
    let space = space();
    let search =
        Search { method: Method::Tpe, space: &space, goal: Goal::Maximize, seed: 1, trials: Some(30) };
    let turns: Vec<_> = (0..30).map(|i| (0, Some(Outcome::Completed(f64::from(i % 7))))).collect();
    let (kept, trials) = run(&search, &turns);
    let last = kept.last().unwrap();
    let again = |record: &Suggested, trials: &[Observed]| replay(&search, &last.params, record, trials, &[]);
    assert_eq!(again(&last.record, &trials), Replay::Same);

    let mut older = last.record.clone();
    older.sampler.version = 0;
    let here = last.record.sampler.to_string();
    assert_eq!(again(&older, &trials), Replay::OtherVersion { recorded: "tpe version 0".to_owned(), here });

    let mut reseeded = last.record.clone();
    reseeded.seed += 1;
    let Replay::Differs { what, .. } = again(&reseeded, &trials) else { panic!("another seed") };
    assert_eq!(what, "other record of seed");

    let mut changed = trials.clone();
    changed.iter_mut().filter(|t| t.outcome.is_finished()).for_each(|t| {
        if let Outcome::Completed(value) = &mut t.outcome {
            *value = -*value;
        }
    });
    assert!(matches!(again(&last.record, &changed), Replay::Differs { .. }));

    let sentence = |replay| match replay {
        Replay::Contradicts(sentence) => sentence,
        other => panic!("{other:?}"),
    };
    let first = last.record.finished.iter().next().unwrap();
    let without: Vec<Observed> = trials.iter().filter(|t| t.number != first).cloned().collect();
    let gone = format!("trial {first}, which was seen, is not there");
    assert_eq!(sentence(again(&last.record, &without)), gone);
    let mut open = trials;
    open.iter_mut().for_each(|t| t.outcome = Outcome::Pending);
    assert!(sentence(again(&last.record, &open)).ends_with("was seen with a result, and has none"));
}
