//! Tests that the parameter list of search-space files equals the trainer's. Only this crate sees both.

use pedigree_protocol::params::Scalar;
use pedigree_protocol::sweep::parameters::{self, ParameterKind};
use pedigree_trainer_core::Hyperparameters;
use serde_json::{Map, Value, json};

/// The trainer's values when only the learning rate is given.
fn defaults() -> Map<String, Value> {
    let least: Hyperparameters = serde_json::from_value(json!({ "learning_rate": 1e-3 })).unwrap();
    serde_json::to_value(least).unwrap().as_object().unwrap().clone()
}

fn trainer_takes(name: &str, value: &Scalar) -> bool {
    let mut values = defaults();
    values.insert(name.to_owned(), serde_json::to_value(value).unwrap());
    serde_json::from_value::<Hyperparameters>(values.into())
        .is_ok_and(|parameters| parameters.check().is_ok())
}

#[test]
fn both_know_the_same_names() {
    let mut all = defaults();
    for name in ["head_learning_rate", "max_train_sentences", "max_dev_sentences"] {
        assert!(!all.contains_key(name), "{name} has a default after all");
        all.insert(name.to_owned(), 1.into());
    }
    let full: Hyperparameters = serde_json::from_value(all.into()).unwrap();
    let full = serde_json::to_value(full).unwrap();
    let mut trainer: Vec<_> = full.as_object().unwrap().keys().map(String::as_str).collect();
    let mut files: Vec<_> = parameters::ALL.iter().map(|p| p.name).collect();
    trainer.sort_unstable();
    files.sort_unstable();
    assert_eq!(files, trainer);
}

#[test]
fn both_have_the_same_defaults() {
    let trainer = defaults();
    for parameter in parameters::ALL.iter().filter(|p| p.name != "learning_rate") {
        let ours = parameter.default.map(|text| parameter.accept(&Scalar::Text(text.to_owned())).unwrap());
        let theirs =
            trainer.get(parameter.name).map(|v| serde_json::from_value::<Scalar>(v.clone()).unwrap());
        let same = match (&ours, &theirs) {
            (Some(ours), Some(theirs)) => ours.same(theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        assert!(same, "{}: files say {ours:?}, the trainer {theirs:?}", parameter.name);
    }
}

#[test]
fn both_draw_the_same_bounds() {
    let word = |text: &str| Scalar::Text(text.to_owned());
    for parameter in parameters::ALL {
        let (good, bad) = match parameter.kind {
            ParameterKind::Positive => {
                (vec![Scalar::Float(1e-6)], vec![Scalar::Float(0.0), Scalar::Float(-1.0)])
            }
            ParameterKind::NonNegative => (vec![Scalar::Float(0.0)], vec![Scalar::Float(-1e-9)]),
            ParameterKind::Share => (vec![Scalar::Float(0.0)], vec![Scalar::Float(1.0), Scalar::Float(-0.1)]),
            // How small a window may be depends on the stride too.
            ParameterKind::Count(_) if parameter.name == "max_length" => {
                (vec![Scalar::Int(53)], vec![Scalar::Int(3)])
            }
            ParameterKind::Count(least) => {
                (vec![Scalar::Int(least)], vec![Scalar::Int(least - 1), Scalar::Float(2.5)])
            }
            ParameterKind::Choice(words) => (words.iter().map(|w| word(w)).collect(), vec![word("nothing")]),
        };
        for value in good {
            assert!(
                parameter.accept(&value).is_ok() && trainer_takes(parameter.name, &value),
                "{}: {value}",
                parameter.name
            );
        }
        for value in bad {
            assert!(
                parameter.accept(&value).is_err() && !trainer_takes(parameter.name, &value),
                "{}: {value}",
                parameter.name
            );
        }
    }
}
