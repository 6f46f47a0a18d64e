use std::collections::BTreeMap;

use pedigree_protocol::ParamValues;
use pedigree_protocol::{Dimension, Domain};

use super::*;

fn space() -> Space {
    let float = |name: &str| Dimension {
        name: name.to_owned(),
        domain: Domain::Float { min: 0.0, max: 1.0, log: false, step: None },
        when: BTreeMap::new(),
        prior: None,
    };
    let values = ["a", "b", "c"].map(|v| Scalar::Text(v.to_owned())).to_vec();
    let choice = Dimension {
        name: "choice".to_owned(),
        domain: Domain::Categorical { values },
        when: BTreeMap::new(),
        prior: None,
    };
    Space::new(vec![float("much"), float("little"), float("nothing"), choice]).unwrap()
}

/// A van der Corput sequence: even over 0..1, in another order for each base.
fn even(mut i: u32, base: u32) -> f64 {
    let (mut share, mut value) = (1.0, 0.0);
    while i > 0 {
        share /= f64::from(base);
        value += share * f64::from(i % base);
        i /= base;
    }
    value
}

fn trials(count: u32, loss: impl Fn(f64, f64, f64) -> f64) -> Vec<Observed> {
    let trial = |number| {
        let (much, little, nothing) = (even(number, 2), even(number, 3), even(number, 5));
        let choice = ["a", "b", "c"][number as usize % 3];
        let mut params: ParamValues = [("much", much), ("little", little), ("nothing", nothing)]
            .map(|(name, value)| (name.to_owned(), Scalar::Float(value)))
            .into();
        params.insert("choice".to_owned(), Scalar::Text(choice.to_owned()));
        Observed { number, params: params.into(), outcome: Outcome::Completed(loss(much, little, nothing)) }
    };
    (1..=count).map(trial).collect()
}

fn share(importances: &[Importance], name: &str) -> f64 {
    importances.iter().find(|importance| importance.name == name).unwrap().share
}

#[test]
fn what_decides_the_value_is_important_and_the_rest_is_not() {
    let trials = trials(120, |much, little, _| (much - 0.3).powi(2) + 0.05 * (little - 0.6).powi(2));
    let importances = importances(&space(), Goal::Minimize, &trials);
    let of = |name| share(&importances, name);
    assert!(of("much") > 0.7 && of("much") > 5.0 * of("little"), "{importances:?}");
    assert!(of("nothing") < 0.1 && of("choice") < 0.1, "{importances:?}");
    assert!((importances.iter().map(|i| i.share).sum::<f64>() - 1.0).abs() < 1e-12);
    let names: Vec<&str> = importances.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["much", "little", "nothing", "choice"]);
}

#[test]
fn the_goal_turns_the_question_round() {
    let good_at_the_top = trials(63, |much, _, _| much);
    let up = at_boundary(&space(), Goal::Maximize, &good_at_the_top);
    assert_eq!((up.len(), up[0].name.as_str(), up[0].end), (1, "much", End::High));
    let down = at_boundary(&space(), Goal::Minimize, &good_at_the_top);
    assert_eq!((down[0].name.as_str(), down[0].end), ("much", End::Low));
    assert_eq!(down[0].value, Scalar::Float(even(32, 2)));
}

#[test]
fn an_optimum_inside_is_no_boundary_and_few_trials_say_nothing() {
    let inside = |count| trials(count, |much, _, _| (much - 0.5).powi(2));
    assert_eq!(at_boundary(&space(), Goal::Minimize, &inside(60)), []);
    assert_eq!(importances(&space(), Goal::Minimize, &inside(9)), []);
    assert_eq!(at_boundary(&space(), Goal::Minimize, &trials(9, |much, _, _| much)), []);
    assert_eq!(importances(&space(), Goal::Minimize, &inside(10)).len(), 4);
}

#[test]
fn only_completed_trials_with_a_number_count() {
    let mut trials = trials(30, |much, _, _| much);
    for (i, trial) in trials.iter_mut().enumerate() {
        match i % 3 {
            0 => trial.outcome = Outcome::Pruned { step: 1, value: Some(0.0) },
            1 => trial.outcome = Outcome::Completed(f64::NAN),
            _ => {}
        }
    }
    assert_eq!(importances(&space(), Goal::Minimize, &trials[..27]), []);
    assert_eq!(importances(&space(), Goal::Minimize, &trials).len(), 4);
}
