//! What holds for every space, history and seed.

#![expect(
    clippy::disallowed_methods,
    reason = "an objective of a test; no suggestion depends on its last bits"
)]

use std::collections::BTreeMap;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{Method, ParamValues, Scalar, Space};
use pedigree_sampler::{History, Observed, Outcome, Past, Search, Suggestion, suggest};
use proptest::prelude::*;

fn texts(count: usize) -> Vec<Scalar> {
    (0..count).map(|i| Scalar::Text(format!("choice {i}"))).collect()
}

fn domain() -> impl Strategy<Value = Domain> {
    prop_oneof![
        (-1e3..1e3, 0.0..1e3).prop_map(|(min, width)| Domain::Float {
            min,
            max: min + width,
            log: false,
            step: None
        }),
        (1e-9..1.0, 1.0..1e6).prop_map(|(min, factor)| Domain::Float {
            min,
            max: min * factor,
            log: true,
            step: None
        }),
        (-10.0..10.0, 1e-3..2.0, 1.0..30.0).prop_map(|(min, step, steps)| Domain::Float {
            min,
            max: min + step * steps,
            log: false,
            step: Some(step)
        }),
        (-50_i64..50, 0_i64..50, prop::option::of(1_i64..4)).prop_map(|(min, width, step)| Domain::Int {
            min,
            max: min + width.max(step.unwrap_or(0)),
            log: false,
            step
        }),
        (1_i64..20, 0_i64..2_000).prop_map(|(min, width)| Domain::Int {
            min,
            max: min + width,
            log: true,
            step: None
        }),
        prop::collection::btree_set(1_i64..64, 1..6)
            .prop_map(|values| Domain::Ordinal { values: values.into_iter().map(Scalar::Int).collect() }),
        (1_usize..6).prop_map(|count| Domain::Categorical { values: texts(count) }),
    ]
}

/// A switch with three settings, and dimensions of which some are active under some settings only.
fn space() -> impl Strategy<Value = Space> {
    let dimension = (domain(), prop::option::of(0_usize..3));
    prop::collection::vec(dimension, 1..6).prop_map(|dimensions| {
        let switch = Dimension {
            name: "switch".to_owned(),
            domain: Domain::Categorical { values: texts(3) },
            when: BTreeMap::new(),
            prior: None,
        };
        let conditional = dimensions.into_iter().enumerate().map(|(i, (domain, setting))| Dimension {
            name: format!("d{i}"),
            domain,
            when: setting.map(|s| ("switch".to_owned(), vec![texts(3)[s].clone()])).into_iter().collect(),
            prior: None,
        });
        Space::new([switch].into_iter().chain(conditional).collect()).expect("valid")
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => (0.0..1.0).prop_map(Outcome::Completed),
        1 => (0_u32..9, prop::option::of(0.0..1.0)).prop_map(|(step, value)| Outcome::Pruned { step, value }),
        1 => (0.1..2.0).prop_map(|violation| Outcome::Infeasible { violation }),
        1 => Just(Outcome::Pending),
        1 => Just(Outcome::Completed(f64::NAN)),
    ]
}

/// A history that the sampler made itself, with these outcomes.
fn grow(method: Method, space: &Space, seed: u64, outcomes: &[Outcome]) -> Vec<Observed> {
    let mut trials: Vec<Observed> = Vec::new();
    for (number, &outcome) in (1..).zip(outcomes) {
        let params = ask(method, space, seed, number, trials.clone()).params.into_values();
        trials.push(Observed { number, params: params.into(), outcome });
    }
    trials
}

fn ask(method: Method, space: &Space, seed: u64, number: u32, trials: Vec<Observed>) -> Suggestion {
    let search = Search { method, space, goal: Goal::Maximize, seed, trials: Some(40) };
    suggest(&search, number, &History::new(trials))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// `Params` exist only inside their space: a suggestion is in bounds, on the grid, and has a value exactly where the
    /// conditions hold; otherwise it would have panicked.
    #[test]
    fn suggestions_lie_in_the_space_and_do_not_depend_on_the_order_of_the_history(
        space in space(),
        outcomes in prop::collection::vec(outcome(), 0..40),
        seed in any::<u64>(),
        keys in prop::collection::vec(any::<u32>(), 40),
    ) {
        for method in Method::ALL {
            let trials = grow(method, &space, seed, &outcomes);
            let number = u32::try_from(trials.len() + 1).unwrap();
            let mut shuffled = trials.clone();
            shuffled.sort_by_key(|t| keys[t.number as usize - 1]);
            let suggestion = ask(method, &space, seed, number, trials);
            prop_assert!(space.admit(suggestion.params.values().clone()).is_ok());
            prop_assert_eq!(suggestion, ask(method, &space, seed, number, shuffled));
        }
    }

    /// Ended trials in a past suggest the same as loose ones, in whichever order they were added, also where some do not lie
    /// in the space.
    #[test]
    fn a_past_suggests_what_its_trials_do(
        space in space(),
        outcomes in prop::collection::vec(outcome(), 0..40),
        seed in any::<u64>(),
        place in prop::collection::vec(0_u8..4, 40),
    ) {
        for method in Method::ALL {
            let mut trials = grow(method, &space, seed, &outcomes);
            trials.iter_mut().filter(|t| t.number % 7 == 0).for_each(|t| t.params = ParamValues::new().into());
            let number = u32::try_from(trials.len() + 1).unwrap();
            let part_of = |t: &Observed| if t.outcome.is_finished() { place[t.number as usize - 1] } else { 3 };
            let of_part = |part| trials.iter().filter(|t| part_of(t) == part).cloned().collect::<Vec<_>>();
            let mut past = Past::default();
            (0..3).for_each(|part| past.add(&space, &of_part(part)));
            let loose = of_part(3);
            let search = Search { method, space: &space, goal: Goal::Maximize, seed, trials: Some(40) };
            let history = History::after(past.into(), loose);
            // A new trial, and one that the history has.
            for number in [number, number / 2] {
                let wanted = ask(method, &space, seed, number, trials.clone());
                prop_assert_eq!(suggest(&search, number, &history), wanted);
            }
        }
    }

    /// Parameters that went through JSON lead to the same suggestion.
    #[test]
    fn a_history_that_went_through_json_suggests_the_same(
        space in space(),
        outcomes in prop::collection::vec(outcome(), 12..30),
        seed in any::<u64>(),
    ) {
        let trials = grow(Method::Tpe, &space, seed, &outcomes);
        let number = u32::try_from(trials.len() + 1).unwrap();
        let travelled = trials.iter().map(|trial| {
            let json = serde_json::to_string(&*trial.params).unwrap();
            Observed { params: serde_json::from_str::<ParamValues>(&json).unwrap().into(), ..*trial }
        }).collect();
        prop_assert_eq!(
            ask(Method::Tpe, &space, seed, number, trials),
            ask(Method::Tpe, &space, seed, number, travelled)
        );
    }
}

fn one(name: &str, domain: Domain) -> Space {
    Space::new(vec![Dimension { name: name.to_owned(), domain, when: BTreeMap::new(), prior: None }])
        .expect("valid")
}

fn completed(number: u32, name: &str, value: Scalar, objective: f64) -> Observed {
    let params: ParamValues = [(name.to_owned(), value)].into();
    Observed { number, params: params.into(), outcome: Outcome::Completed(objective) }
}

#[test]
fn a_configuration_is_not_repeated_while_others_remain() {
    let values: Vec<Scalar> = (0..20).map(Scalar::Int).collect();
    let space = one("r", Domain::Ordinal { values });
    for method in Method::ALL {
        for seed in 0..20 {
            let trials = grow(method, &space, seed, &[Outcome::Completed(0.5); 25]);
            let mut first: Vec<String> = trials[..20].iter().map(|t| t.params["r"].to_string()).collect();
            first.sort();
            first.dedup();
            assert_eq!(first.len(), 20, "{method:?} with seed {seed} repeated itself: {first:?}");
        }
    }
}

#[test]
fn trials_that_do_not_fit_the_space_are_skipped_and_named() {
    let space = one("r", Domain::Int { min: 0, max: 9, log: false, step: None });
    let mut trials = vec![
        completed(0, "r", Scalar::Int(3), 0.1),
        completed(1, "r", Scalar::Int(11), 0.9),
        completed(2, "rank", Scalar::Int(3), 0.9),
        completed(4, "r", Scalar::Int(4), 0.9),
    ];
    trials[3].outcome = Outcome::Pending;
    let suggestion = ask(Method::Tpe, &space, 1, 3, trials);
    assert_eq!(
        serde_json::to_value(suggestion.record).unwrap(),
        serde_json::json!({
            "sampler": "tpe", "version": 3, "seed": 1, "number": 3, "trials": 40,
            "finished": [0], "pending": [4], "skipped": [[1, 2]], "startup": true,
        })
    );
}

#[test]
fn start_up_of_tpe_ends_with_the_fifth_trial_once_three_have_finished() {
    let space = one("r", Domain::Float { min: 0.0, max: 1.0, log: false, step: None });
    let trials = grow(Method::Tpe, &space, 3, &[Outcome::Completed(0.5); 6]);
    let startup =
        |number, trials: &[Observed]| ask(Method::Tpe, &space, 3, number, trials.to_vec()).record.startup;
    assert!(startup(5, &trials[..4]));
    assert!(!startup(6, &trials[..5]));
    let mut pending = trials;
    pending[2..].iter_mut().for_each(|trial| trial.outcome = Outcome::Pending);
    assert!(startup(7, &pending));
}

#[test]
fn start_up_of_the_frozen_presets_ends_with_the_tenth_finished_trial() {
    let space = one("r", Domain::Float { min: 0.0, max: 1.0, log: false, step: None });
    for method in [Method::Optuna5, Method::Optuna4, Method::Watanabe] {
        let trials = grow(method, &space, 3, &[Outcome::Completed(0.5); 10]);
        let startup = |trials: &[Observed]| ask(method, &space, 3, 12, trials.to_vec()).record.startup;
        assert!(startup(&trials[..9]));
        assert!(!startup(&trials));
        let mut failed = trials;
        failed[4].outcome = Outcome::Infeasible { violation: 1.0 };
        assert!(startup(&failed));
    }
}

#[test]
fn auto_says_what_it_chose_and_why() {
    let space = one("r", Domain::Float { min: 0.0, max: 1.0, log: false, step: None });
    let record = ask(Method::Auto, &space, 1, 1, Vec::new()).record;
    assert_eq!(record.sampler.sampler, "auto");
    let chosen = record.chosen.expect("auto chooses");
    assert_eq!(chosen.sampler.sampler, "gp");
    assert!(!chosen.why.is_empty());
}

/// One configuration under `a` and 400 under `b`: even the last ones are found, though draws seldom hit them.
#[test]
fn a_conditional_space_is_tried_out_to_its_last_configuration() {
    let text = |s: &str| Scalar::Text(s.to_owned());
    let mut inner = Dimension {
        name: "inner".to_owned(),
        domain: Domain::Int { min: 1, max: 400, log: true, step: None },
        when: BTreeMap::new(),
        prior: None,
    };
    inner.when = [("outer".to_owned(), vec![text("b")])].into();
    let outer = Domain::Categorical { values: vec![text("a"), text("b")] };
    let outer = Dimension { name: "outer".to_owned(), domain: outer, when: BTreeMap::new(), prior: None };
    let space = Space::new(vec![outer, inner]).expect("valid");
    for method in Method::ALL {
        let trials = grow(method, &space, 5, &[Outcome::Completed(0.5); 401]);
        let distinct: std::collections::BTreeSet<String> =
            trials.iter().map(|t| format!("{:?}", t.params)).collect();
        assert_eq!(distinct.len(), 401, "{method:?}");
    }
}

#[test]
fn a_trial_does_not_see_itself() {
    let space = one("r", Domain::Float { min: 0.0, max: 1.0, log: false, step: None });
    let mut trials = grow(Method::Tpe, &space, 3, &[Outcome::Completed(0.5); 12]);
    let before = ask(Method::Tpe, &space, 3, 13, trials.clone());
    trials.push(Observed {
        number: 13,
        params: before.params.values().clone().into(),
        outcome: Outcome::Pending,
    });
    assert_eq!(before, ask(Method::Tpe, &space, 3, 13, trials));
}

fn asked(space: &Space, number: u32, trials: &[Observed]) -> f64 {
    let suggestion = ask(Method::Gp, space, 5, number, trials.to_vec());
    assert!(!suggestion.record.startup);
    suggestion.params.get("r").and_then(Scalar::as_f64).expect("a number")
}

#[test]
fn a_gaussian_process_keeps_away_from_pending_trials() {
    let space = one("r", Domain::Float { min: 0.0, max: 1.0, log: false, step: None });
    // Waves that ten trials cannot resolve: one place looks best, but not by much.
    let mut trials: Vec<Observed> = Vec::new();
    for number in 0..10 {
        let params = ask(Method::Gp, &space, 5, number, trials.clone()).params.into_values();
        let wave = params["r"].as_f64().expect("a number") * 40.0;
        trials.push(Observed { number, params: params.into(), outcome: Outcome::Completed(wave.sin()) });
    }
    let mut visited: Vec<f64> = Vec::new();
    for number in 10..14 {
        let x = asked(&space, number, &trials);
        let nearest = visited.iter().map(|v| (v - x).abs()).fold(f64::INFINITY, f64::min);
        assert!(nearest > 1e-3, "{x} after {visited:?}");
        visited.push(x);
        let params = ParamValues::from([("r".to_owned(), Scalar::Float(x))]);
        trials.push(Observed { number, params: params.into(), outcome: Outcome::Pending });
    }
}

#[test]
fn a_gaussian_process_keeps_away_from_what_broke_a_constraint() {
    let space = one("r", Domain::Float { min: 0.0, max: 1.0, log: false, step: None });
    let mut trials = Vec::new();
    let tried = |number, x: f64, outcome| Observed {
        number,
        params: ParamValues::from([("r".to_owned(), Scalar::Float(x))]).into(),
        outcome,
    };
    for (number, x) in (0..).zip([0.05, 0.2, 0.3, 0.4, 0.5, 0.6]) {
        trials.push(tried(number, x, Outcome::Completed(x)));
    }
    for (number, x) in (6..).zip([0.75, 0.8, 0.85, 0.9, 0.95, 1.0]) {
        trials.push(tried(number, x, Outcome::Infeasible { violation: 1.0 }));
    }
    let x = asked(&space, 20, &trials);
    assert!((0.55..0.75).contains(&x), "{x}");
}
