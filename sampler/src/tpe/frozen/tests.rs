//! The presets against what Optuna itself makes of the same histories; `vectors/histories.py` says how it was asked.

use std::collections::BTreeMap;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{ParamValues, Scalar, Space};
use serde::Deserialize;

use super::*;
use crate::axis::Axis;
use crate::history::History;
use crate::seed::Seeds;
use crate::trial::Observed;

#[derive(Deserialize)]
struct Case {
    direction: String,
    history: Vec<Trial>,
    points: Vec<ParamValues>,
    blocks: Vec<Sides>,
}

#[derive(Deserialize)]
struct Trial {
    params: ParamValues,
    outcome: Recorded,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Recorded {
    Completed(f64),
    Pruned(u32, Option<f64>),
    Pending,
    Failed,
}

#[derive(Deserialize)]
struct Sides {
    dimensions: Vec<String>,
    good: Vec<u32>,
    bad: Vec<u32>,
    good_log_densities: Vec<f64>,
    bad_log_densities: Vec<f64>,
}

fn space() -> Space {
    let dimension =
        |name: &str, domain| Dimension { name: name.to_owned(), domain, when: BTreeMap::new(), prior: None };
    let text = |text: &str| Scalar::Text(text.to_owned());
    let mut momentum = dimension("momentum", Domain::Float { min: 0.0, max: 0.99, log: false, step: None });
    momentum.when = [("optimizer".to_owned(), vec![text("sgd")])].into();
    Space::new(vec![
        dimension("rate", Domain::Float { min: 1e-5, max: 1e-1, log: true, step: None }),
        dimension("dropout", Domain::Float { min: 0.0, max: 0.3, log: false, step: Some(0.05) }),
        dimension("rank", Domain::Int { min: 1, max: 64, log: true, step: None }),
        dimension("batch", Domain::Ordinal { values: (0..4).map(Scalar::Int).collect() }),
        dimension("optimizer", Domain::Categorical { values: ["adamw", "sgd", "lion"].map(text).to_vec() }),
        momentum,
    ])
    .unwrap()
}

fn outcome(recorded: Recorded) -> Outcome {
    match recorded {
        Recorded::Completed(value) => Outcome::Completed(value),
        Recorded::Pruned(step, value) => Outcome::Pruned { step, value },
        Recorded::Pending => Outcome::Pending,
        Recorded::Failed => Outcome::Infeasible { violation: 1.0 },
    }
}

fn check(preset: &Frozen, vectors: &str) {
    let space = space();
    for case in serde_json::from_str::<Vec<Case>>(vectors).unwrap() {
        let trials = (0..).zip(case.history).map(|(number, trial)| Observed {
            number,
            params: trial.params.into(),
            outcome: outcome(trial.outcome),
        });
        let goal = if case.direction == "maximize" { Goal::Maximize } else { Goal::Minimize };
        let axes = Axis::all(&space);
        let number = 1_000;
        let view = History::new(trials.collect()).view(&axes, number);
        assert!(view.skipped.iter().next().is_none(), "{:?}", view.skipped);
        let ask = Ask {
            axes,
            goal,
            seeds: Seeds::new(0, number),
            number,
            trials: None,
            view: &view,
            donors: Default::default(),
        };
        let usable = preset.usable(ask.view);
        let split = preset.split(&usable, goal);
        let blocks = preset.blocks(&ask, &usable);
        assert_eq!(blocks.len(), case.blocks.len());
        for (dimensions, want) in blocks.into_iter().zip(&case.blocks) {
            check_block(preset, &ask, &split, &dimensions, &case.points, want);
        }
    }
}

fn check_block(
    preset: &Frozen,
    ask: &Ask<'_>,
    split: &Split<'_>,
    dimensions: &[usize],
    points: &[ParamValues],
    want: &Sides,
) {
    let names: Vec<&str> = dimensions.iter().map(|&i| ask.axes[i].name()).collect();
    assert_eq!(names, want.dimensions);
    let numbers = |side: &[&Seen]| side.iter().map(|t| t.number).collect::<Vec<_>>();
    assert_eq!(
        (numbers(&split.good), numbers(&split.bad)),
        (want.good.clone(), want.bad.clone()),
        "{names:?}"
    );
    let shapes: Vec<Shape> = dimensions.iter().map(|&i| ask.axes[i].shape()).collect();
    let encode = |p: &ParamValues| {
        dimensions.iter().map(|&i| ask.axes[i].encode(&p[ask.axes[i].name()])).collect::<Vec<f64>>()
    };
    let points: Vec<Vec<f64>> = points.iter().map(encode).collect();
    let (good, bad) = preset.densities(&shapes, split, dimensions);
    for (side, density, want) in
        [("good", good, &want.good_log_densities), ("bad", bad, &want.bad_log_densities)]
    {
        for (have, want) in density.log_densities(&points).iter().zip(want) {
            assert!((have - want).abs() < 1e-9, "{side} density of {names:?}: {have}, not {want}");
        }
    }
}

#[test]
fn splits_and_densities_are_those_of_optuna_5() {
    check(&OPTUNA_5, include_str!("../../../vectors/histories-optuna-5.json"));
}

#[test]
fn splits_and_densities_are_those_of_optuna_4() {
    check(&OPTUNA_4, include_str!("../../../vectors/histories-optuna-4.json"));
}
