//! A sampler behind JSON lines: each request is one line and so is its answer, so that a program in any language can use it.
//!
//! The protocol is that of the sampler benchmark in `docs/sampler.md`: `start` begins a study, `ask` asks for the parameters
//! of a trial, `tell` reports its value. Owns the study in between; reads and writes nothing itself.

use std::collections::BTreeMap;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{InvalidSpace, Method, ParamValues, Scalar, Space};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::axis::Axis;
use crate::history::View;
use crate::preset;
use crate::sampler::{Ask, Search};
use crate::trial::{Outcome, Seen};

/// A conversation about one study at a time.
#[derive(Debug)]
pub struct Session {
    method: Method,
    study: Option<Study>,
}

#[derive(Debug)]
struct Study {
    space: Space,
    goal: Goal,
    seed: u64,
    trials: Option<u32>,
    /// The trials as points. Each is read once, so that a suggestion need not look up the names of a thousand trials.
    view: View,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(
        "this is no request: {0}; write {{\"op\": \"start\" | \"ask\" | \"tell\", ...}} as one line of JSON"
    )]
    Unreadable(#[from] serde_json::Error),
    #[error("no study has been started; send {{\"op\": \"start\", \"space\": [...], ...}} first")]
    NotStarted,
    #[error("the space is wrong: {0}")]
    Space(#[from] InvalidSpace),
    #[error("{0}: bounds of an int must be whole, not {1} .. {2}")]
    NotWhole(String, f64, f64),
    #[error("trial {0} has been asked for already; ask for one that has not")]
    Repeated(u32),
    #[error("trial {0} has not been asked for; tell only what was asked")]
    Unknown(u32),
    #[error("trial {0} has been told already")]
    Told(u32),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Request {
    Start { space: Vec<Parameter>, direction: Direction, seed: u64, n_trials: Option<u32> },
    Ask { trial: u32 },
    Tell { trial: u32, value: f64 },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Minimize,
    Maximize,
}

/// A parameter as the protocol writes it. Choices have no order.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Parameter {
    Float {
        name: String,
        low: f64,
        high: f64,
        #[serde(default)]
        log: bool,
        step: Option<f64>,
        #[serde(default)]
        when: BTreeMap<String, Vec<Scalar>>,
    },
    Int {
        name: String,
        low: f64,
        high: f64,
        #[serde(default)]
        log: bool,
        step: Option<i64>,
        #[serde(default)]
        when: BTreeMap<String, Vec<Scalar>>,
    },
    Categorical {
        name: String,
        choices: Vec<Scalar>,
        #[serde(default)]
        when: BTreeMap<String, Vec<Scalar>>,
    },
}

impl Session {
    /// A conversation in which that method proposes the trials.
    pub fn new(method: Method) -> Self {
        Self { method, study: None }
    }

    /// The answer to one line: `{"ok": true}`, `{"params": {...}}`, or `{"error": "a sentence"}`. A refused request
    /// changes nothing.
    pub fn answer(&mut self, line: &str) -> String {
        self.take(line).unwrap_or_else(|refusal| json!({ "error": refusal.to_string() })).to_string()
    }

    fn take(&mut self, line: &str) -> Result<Value, Refusal> {
        match serde_json::from_str(line)? {
            Request::Start { space, direction, seed, n_trials } => {
                let dimensions =
                    space.into_iter().map(Parameter::into_dimension).collect::<Result<_, _>>()?;
                let space = Space::new(dimensions)?;
                let goal = match direction {
                    Direction::Minimize => Goal::Minimize,
                    Direction::Maximize => Goal::Maximize,
                };
                self.study = Some(Study { space, goal, seed, trials: n_trials, view: View::default() });
                Ok(json!({ "ok": true }))
            }
            Request::Ask { trial } => {
                let method = self.method;
                self.started()?.ask(method, trial).map(|params| json!({ "params": params }))
            }
            Request::Tell { trial, value } => {
                self.started()?.tell(trial, value)?;
                Ok(json!({ "ok": true }))
            }
        }
    }

    fn started(&mut self) -> Result<&mut Study, Refusal> {
        self.study.as_mut().ok_or(Refusal::NotStarted)
    }
}

impl Study {
    /// The protocol counts trials from 0, a study from 1.
    fn ask(&mut self, method: Method, trial: u32) -> Result<ParamValues, Refusal> {
        let number = trial.checked_add(1).filter(|&number| self.view.get_mut(number).is_none());
        let number = number.ok_or(Refusal::Repeated(trial))?;
        let search =
            Search { method, space: &self.space, goal: self.goal, seed: self.seed, trials: self.trials };
        let ask = Ask::new(&search, Axis::all(&self.space), number, &self.view);
        let point = preset::of(method).draw(&ask).point;
        let coordinates = point.coordinates.as_slice().into();
        let params = point.into_values(&ask.axes);
        self.view.set(Seen { number, outcome: Outcome::Pending, coordinates });
        Ok(params)
    }

    fn tell(&mut self, trial: u32, value: f64) -> Result<(), Refusal> {
        let asked = trial.checked_add(1).and_then(|number| self.view.get_mut(number));
        let seen = asked.ok_or(Refusal::Unknown(trial))?;
        if seen.outcome.is_finished() {
            return Err(Refusal::Told(trial));
        }
        seen.outcome = Outcome::Completed(value);
        Ok(())
    }
}

impl Parameter {
    fn into_dimension(self) -> Result<Dimension, Refusal> {
        let (name, when, domain) = match self {
            Self::Float { name, low, high, log, step, when } => {
                (name, when, Domain::Float { min: low, max: high, log, step })
            }
            Self::Int { name, low, high, log, step, when } => {
                let (Some(min), Some(max)) = (whole(low), whole(high)) else {
                    return Err(Refusal::NotWhole(name, low, high));
                };
                (name, when, Domain::Int { min, max, log, step })
            }
            Self::Categorical { name, choices, when } => {
                (name, when, Domain::Categorical { values: choices })
            }
        };
        Ok(Dimension { name, domain, when, prior: None })
    }
}

/// The number as an integer, where it is one that a double holds exactly.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
    (number.fract() == 0.0 && number.abs() <= 9e15).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = r#"{"op": "start", "direction": "minimize", "seed": 3, "n_trials": 40, "n_workers": 4, "space": [
        {"name": "lr", "type": "float", "low": 1e-5, "high": 0.1, "log": true},
        {"name": "drop", "type": "float", "low": 0.0, "high": 0.3, "log": false, "step": 0.05},
        {"name": "depth", "type": "int", "low": 1, "high": 3, "log": false},
        {"name": "width", "type": "int", "low": 16, "high": 1024, "log": true},
        {"name": "optimizer", "type": "categorical", "choices": ["adamw", "sgd", 3]},
        {"name": "momentum", "type": "float", "low": 0.0, "high": 1.0, "log": false, "when": {"optimizer": ["sgd"]}}]}"#;

    fn parse(line: &str) -> Value {
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn a_study_is_asked_and_told() {
        for method in Method::ALL {
            let mut session = Session::new(method);
            assert_eq!(session.answer(START), r#"{"ok":true}"#);
            let mut with_momentum = 0;
            for trial in 0..30 {
                let answer = parse(&session.answer(&format!(r#"{{"op":"ask","trial":{trial}}}"#)));
                let params = &answer["params"];
                assert!(params["depth"].is_i64() && params["width"].is_i64(), "{answer}");
                assert_eq!(params.get("momentum").is_some(), params["optimizer"] == "sgd", "{answer}");
                with_momentum += u32::from(params.get("momentum").is_some());
                let told = session.answer(&format!(r#"{{"op":"tell","trial":{trial},"value":{trial}.5}}"#));
                assert_eq!(told, r#"{"ok":true}"#);
            }
            assert!((1..30).contains(&with_momentum), "{method:?}");
        }
    }

    #[test]
    fn a_start_forgets_what_came_before() {
        let mut session = Session::new(Method::Random);
        session.answer(START);
        let first = session.answer(r#"{"op":"ask","trial":0}"#);
        session.answer(START);
        assert_eq!(session.answer(r#"{"op":"ask","trial":0}"#), first);
    }

    #[test]
    fn bad_requests_are_answered_with_a_sentence() {
        let mut session = Session::new(Method::Random);
        let mut error = |line: &str| parse(&session.answer(line))["error"].as_str().unwrap().to_owned();
        assert!(error("nonsense").starts_with("this is no request"));
        assert!(error(r#"{"op":"stop"}"#).contains("unknown variant `stop`"));
        assert!(error(r#"{"op":"ask","trial":0}"#).starts_with("no study has been started"));
        let reversed = START.replace("\"high\": 1024", "\"high\": 1");
        assert_eq!(error(&reversed), "the space is wrong: width: min 16 is larger than max 1; swap them");
        let broken = START.replace("\"low\": 16", "\"low\": 16.5");
        assert_eq!(error(&broken), "width: bounds of an int must be whole, not 16.5 .. 1024");
        assert!(error(&START.replace("\"step\"", "\"setp\"")).contains("unknown field `setp`"));
        session.answer(START);
        session.answer(r#"{"op":"ask","trial":0}"#);
        session.answer(r#"{"op":"tell","trial":0,"value":1}"#);
        let mut error = |line: &str| parse(&session.answer(line))["error"].as_str().unwrap().to_owned();
        assert!(error(r#"{"op":"ask","trial":0}"#).starts_with("trial 0 has been asked for already"));
        assert!(error(r#"{"op":"tell","trial":1,"value":1}"#).starts_with("trial 1 has not been asked for"));
        assert!(error(r#"{"op":"tell","trial":0,"value":1}"#).starts_with("trial 0 has been told already"));
    }
}
