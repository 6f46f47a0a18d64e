//! What every sampler and every pruner must do, after the suites that Optuna publishes for both.

#![expect(
    clippy::unwrap_used,
    reason = "a test's panic is its report; the lint's own exemption ends at helpers of tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use pedigree_protocol::objective::Goal;
use pedigree_protocol::pruner::{Pruner, Watch};
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{Method, Scalar, Space};
use pedigree_sampler::pruner::{Track, decide};
use pedigree_sampler::replay::{Replay, replay};
use pedigree_sampler::transfer::Donor;
use pedigree_sampler::{History, Observed, Outcome, Search, Suggestion, suggest};
use proptest::prelude::*;

const GOALS: [Goal; 2] = [Goal::Minimize, Goal::Maximize];

fn dimension(name: &str, domain: Domain) -> Dimension {
    Dimension { name: name.to_owned(), domain, when: BTreeMap::new(), prior: None }
}

fn float(min: f64, max: f64, log: bool, step: Option<f64>) -> Domain {
    Domain::Float { min, max, log, step }
}

fn int(min: i64, max: i64, log: bool, step: Option<i64>) -> Domain {
    Domain::Int { min, max, log, step }
}

fn texts(names: &[&str]) -> Vec<Scalar> {
    names.iter().map(|name| Scalar::Text((*name).to_owned())).collect()
}

/// One space for each kind of dimension, and one of all together with conditions.
fn spaces() -> Vec<(&'static str, Space)> {
    let single = |domain| Space::new(vec![dimension("x", domain)]).unwrap();
    let mut momentum = dimension("momentum", float(0.0, 0.99, false, None));
    momentum.when = [("optimizer".to_owned(), texts(&["sgd"]))].into();
    let all = Space::new(vec![
        dimension("rate", float(1e-6, 1e-1, true, None)),
        dimension("drop", float(0.0, 0.5, false, Some(0.05))),
        dimension("rank", int(1, 64, true, None)),
        dimension("layers", int(2, 12, false, Some(2))),
        dimension("batch", Domain::Ordinal { values: [8, 16, 32].map(Scalar::Int).to_vec() }),
        dimension("optimizer", Domain::Categorical { values: texts(&["adamw", "sgd"]) }),
        momentum,
    ]);
    vec![
        ("float", single(float(-5.0, 5.0, false, None))),
        ("far from 0", single(float(1e9, 1e9 + 1.0, false, None))),
        ("one value", single(float(0.5, 0.5, false, None))),
        ("log float", single(float(1e-7, 1.0, true, None))),
        ("stepped float", single(float(-1.0, 1.0, false, Some(0.1)))),
        ("step that misses the top", single(float(0.0, 1.0, false, Some(0.3)))),
        ("int", single(int(-3, 3, false, None))),
        ("stepped int", single(int(0, 10, false, Some(3)))),
        ("log int", single(int(1, 1000, true, None))),
        ("ordinal", single(Domain::Ordinal { values: [1, 2, 4].map(Scalar::Int).to_vec() })),
        ("choice", single(Domain::Categorical { values: texts(&["a", "b"]) })),
        ("one choice", single(Domain::Categorical { values: texts(&["a"]) })),
        ("all kinds", all.unwrap()),
    ]
}

fn search(method: Method, space: &Space, goal: Goal) -> Search<'_> {
    Search { method, space, goal, seed: 11, trials: Some(40) }
}

/// Runs a study; `outcome` answers each trial by number.
fn run(
    search: &Search<'_>,
    trials: u32,
    outcome: impl Fn(u32) -> Outcome,
) -> (Vec<Observed>, Vec<Suggestion>) {
    let (mut seen, mut suggestions): (Vec<Observed>, Vec<Suggestion>) = (Vec::new(), Vec::new());
    for number in 1..=trials {
        let suggestion = suggest(search, number, &History::new(seen.clone()));
        let params = suggestion.params.values().clone();
        seen.push(Observed { number, params: params.into(), outcome: outcome(number) });
        suggestions.push(suggestion);
    }
    (seen, suggestions)
}

fn some_value(number: u32) -> f64 {
    f64::from(number * 37 % 41) / 41.0
}

/// What becomes of a trial, by its number.
type OutcomeOf = fn(u32) -> Outcome;

/// Outcomes that samplers tend to fail on.
fn outcomes() -> Vec<(&'static str, OutcomeOf)> {
    vec![
        ("values", |n| Outcome::Completed(some_value(n))),
        ("all equal", |_| Outcome::Completed(0.5)),
        ("all NaN", |_| Outcome::Completed(f64::NAN)),
        ("infinities", |n| Outcome::Completed(if n % 2 == 0 { f64::INFINITY } else { f64::NEG_INFINITY })),
        ("huge values", |n| Outcome::Completed(f64::from(n % 5) * 1e300)),
        ("only pruned", |n| Outcome::Pruned { step: n % 4, value: Some(some_value(n)) }),
        ("pruned without a report", |_| Outcome::Pruned { step: 0, value: None }),
        ("only failures", |_| Outcome::Infeasible { violation: 1.0 }),
        ("nothing ends", |_| Outcome::Pending),
        ("some of each", |n| match n % 5 {
            0 => Outcome::Pending,
            1 => Outcome::Infeasible { violation: some_value(n) + 0.1 },
            2 => Outcome::Pruned { step: n % 3, value: Some(some_value(n)) },
            3 if n % 10 == 3 => Outcome::Completed(f64::NAN),
            _ => Outcome::Completed(some_value(n)),
        }),
    ]
}

#[test]
fn every_sampler_suggests_within_every_space_whatever_came_of_its_trials() {
    for method in Method::ALL {
        for (kind, space) in &spaces() {
            for (what, outcome) in outcomes() {
                for goal in GOALS {
                    let (_, suggestions) = run(&search(method, space, goal), 14, outcome);
                    for suggestion in suggestions {
                        let admitted = space.admit(suggestion.params.values().clone());
                        assert!(admitted.is_ok(), "{method:?}, {kind}, {what}: {admitted:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_sampler_says_who_it_is_and_repeats_itself() {
    for method in Method::ALL {
        for (kind, space) in &spaces() {
            let search = search(method, space, Goal::Minimize);
            let ((seen, first), (_, second)) = (
                run(&search, 20, |n| Outcome::Completed(some_value(n))),
                run(&search, 20, |n| Outcome::Completed(some_value(n))),
            );
            assert_eq!(first, second, "{method:?}, {kind}");
            for (number, suggestion) in (1..).zip(&first) {
                let record = &suggestion.record;
                assert_eq!(record.sampler.sampler, method.as_str());
                assert!(record.sampler.version >= 1, "{record:?}");
                assert_eq!((record.number, record.seed), (number, 11));
                let again = replay(&search, suggestion.params.values(), record, &seen, &[]);
                assert_eq!(again, Replay::Same, "{method:?}, {kind}, trial {number}");
            }
        }
    }
}

#[test]
fn every_sampler_tries_all_of_a_small_space_before_it_repeats() {
    let values = (0..12).map(Scalar::Int).collect();
    let space = Space::new(vec![dimension("x", Domain::Ordinal { values })]).unwrap();
    for method in Method::ALL {
        let (seen, _) =
            run(&search(method, &space, Goal::Minimize), 14, |n| Outcome::Completed(some_value(n)));
        let first: BTreeSet<String> = seen[..12].iter().map(|trial| trial.params["x"].to_string()).collect();
        assert_eq!(first.len(), 12, "{method:?}");
    }
}

#[test]
fn another_seed_is_another_search() {
    let (_, space) = spaces().remove(0);
    for method in Method::ALL {
        let values = |seed| {
            let search = Search { seed, ..search(method, &space, Goal::Minimize) };
            let (seen, _) = run(&search, 15, |n| Outcome::Completed(some_value(n)));
            seen.into_iter().map(|trial| trial.params["x"].to_string()).collect::<Vec<_>>()
        };
        assert_ne!(values(1), values(2), "{method:?}");
    }
}

#[test]
fn every_sampler_takes_donors_of_every_kind() {
    for method in Method::ALL {
        for (kind, space) in &spaces() {
            let search = search(method, space, Goal::Maximize);
            for (what, outcome) in outcomes() {
                let (trials, _) = run(&search, 12, outcome);
                let donors = vec![
                    Donor { study: "sibling".into(), trials },
                    Donor { study: "empty".into(), trials: vec![] },
                ];
                let mut seen: Vec<Observed> = Vec::new();
                for number in 1..=14 {
                    let history = History::new(seen.clone()).with_donors(donors.clone());
                    let suggestion = suggest(&search, number, &history);
                    let params = suggestion.params.values().clone();
                    let again = replay(&search, &params, &suggestion.record, &seen, &donors);
                    assert_eq!(again, Replay::Same, "{method:?}, {kind}, {what}, trial {number}");
                    seen.push(Observed {
                        number,
                        params: params.into(),
                        outcome: Outcome::Completed(some_value(number)),
                    });
                }
            }
        }
    }
}

fn pruners() -> Vec<Pruner> {
    let watch = Watch { startup_trials: 1, warmup_steps: 0, interval: 1 };
    let median = Pruner::Median { watch };
    vec![
        Pruner::None,
        median.clone(),
        Pruner::Percentile { keep: 25.0, watch },
        Pruner::Asha { min_epochs: Some(1), reduction: 2 },
        Pruner::Asha { min_epochs: None, reduction: 4 },
        Pruner::Hyperband { min_epochs: 1, max_epochs: Some(9), reduction: 3 },
        Pruner::Hyperband { min_epochs: 1, max_epochs: None, reduction: 3 },
        Pruner::Wilcoxon { p: 0.1, startup_steps: 2 },
        Pruner::Threshold { lower: Some(0.1), upper: Some(0.9), warmup_steps: 1 },
        Pruner::Threshold { lower: None, upper: None, warmup_steps: 0 },
        Pruner::Patient { patience: 1, min_delta: 0.0, pruner: Box::new(Pruner::None) },
        Pruner::Patient { patience: 2, min_delta: 0.1, pruner: Box::new(median) },
    ]
}

#[test]
fn the_list_has_every_pruner() {
    let names: BTreeSet<&str> = pruners().iter().map(Pruner::as_str).collect();
    assert_eq!(names, Pruner::NAMES.into_iter().collect());
    assert!(pruners().iter().all(|pruner| pruner.check().is_ok()));
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.0..1.0,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ]
}

fn track() -> impl Strategy<Value = Track> {
    let reports = prop::collection::btree_map(1_u32..30, value(), 0..12);
    (1_u32..200, prop::option::of(value()), reports).prop_map(|(number, completed, reports)| Track {
        number,
        completed,
        reports,
    })
}

proptest! {
    #[test]
    fn every_pruner_answers_any_reports_alike_in_any_order(
        trial in track(),
        others in prop::collection::vec(track(), 0..12),
        keys in prop::collection::vec(any::<u32>(), 12),
    ) {
        let others: Vec<Track> = (1000..).zip(others).map(|(number, o)| Track { number, ..o }).collect();
        let mut shuffled = others.clone();
        shuffled.sort_by_key(|other| keys[other.number as usize - 1000]);
        for pruner in pruners() {
            for goal in GOALS {
                let verdict = decide(&pruner, goal, &trial, &others);
                prop_assert_eq!(&verdict, &decide(&pruner, goal, &trial, &shuffled), "{:?}", pruner);
                prop_assert!(verdict.as_ref().is_none_or(|sentence| !sentence.is_empty()));
                prop_assert!(verdict.is_none() || (!trial.reports.is_empty() && pruner != Pruner::None));
            }
        }
    }

    /// Reversing the goal and the sign of every value changes only the signs in the sentence.
    #[test]
    fn the_goal_is_a_matter_of_sign(trial in track(), others in prop::collection::vec(track(), 0..8)) {
        let negative = |track: &Track| Track {
            completed: track.completed.map(|value| -value),
            reports: track.reports.iter().map(|(step, value)| (*step, -value)).collect(),
            ..*track
        };
        let mirrored: Vec<Track> = others.iter().map(negative).collect();
        for pruner in pruners().iter().filter(|pruner| pruner.as_str() != "threshold") {
            let there = decide(pruner, Goal::Minimize, &trial, &others).is_some();
            let here = decide(pruner, Goal::Maximize, &negative(&trial), &mirrored).is_some();
            prop_assert_eq!(there, here, "{:?}", pruner);
        }
    }

    /// The best trial of all, at every step, is never pruned by a comparison with others.
    #[test]
    fn the_best_goes_on(others in prop::collection::vec(track(), 0..8), steps in 1_u32..20) {
        let trial = Track { number: 500, completed: None, reports: (1..=steps).map(|s| (s, 2.0 + f64::from(s))).collect() };
        let others: Vec<Track> = others
            .into_iter()
            .map(|mut other| {
                other.reports.values_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
                other
            })
            .collect();
        for pruner in pruners().iter().filter(|pruner| pruner.as_str() != "threshold") {
            prop_assert_eq!(decide(pruner, Goal::Maximize, &trial, &others), None);
        }
    }
}
