//! The `pruner` key: a name, or a name with settings. Each pruner has its own keys.

use super::foreign;
use super::node::{Node, Value};
use super::problem::{Position, Report, hint};
use super::table::{Keys, Table};
use crate::params::Scalar;
use crate::pruner::{Pruner, Watch};

const MOST: u32 = 1_000_000;

/// Reads a pruner; `None` when something was reported.
pub(super) fn read(node: &Node, path: &str, report: &mut Report) -> Option<Pruner> {
    let (name, position) = name(node, path, report)?;
    let Some(keys) = keys(name) else {
        let message = format!("there is no pruner {name:?}; {}", hint(name, &Pruner::NAMES));
        report.fault(position, path, message);
        return None;
    };
    let settings = match node.value {
        Value::Table(_) => Some(Table::open(node, path, &keys, report)?),
        _ => None,
    };
    let settings = Settings { table: settings, path, position };
    let pruner = settings.pruner(name, report)?;
    if let Err((key, message)) = pruner.check() {
        report.fault(settings.place(key), format!("{path}.{key}"), message);
        return None;
    }
    Some(pruner)
}

fn name<'n>(node: &'n Node, path: &str, report: &mut Report) -> Option<(&'n str, Position)> {
    let text = |node: &'n Node| match &node.value {
        Value::Scalar(Scalar::Text(text)) => Some((text.as_str(), node.position)),
        _ => None,
    };
    let found = match &node.value {
        Value::Table(entries) => {
            entries.iter().find(|(key, _)| key.name == "name").and_then(|(_, n)| text(n))
        }
        _ => text(node),
    };
    if found.is_none() {
        let known = Pruner::NAMES.join(", ");
        let message =
            format!("has no name; write pruner: median or pruner: {{name: median}}; known: {known}");
        report.fault(node.position, path, message);
    }
    found
}

fn keys(name: &str) -> Option<Keys> {
    let known: &[&str] = match name {
        "none" => &["name"],
        "median" => &["name", "startup_trials", "warmup_steps", "interval"],
        "percentile" => &["name", "keep", "startup_trials", "warmup_steps", "interval"],
        "asha" => &["name", "min_epochs", "reduction"],
        "hyperband" => &["name", "min_epochs", "max_epochs", "reduction"],
        "wilcoxon" => &["name", "p", "startup_steps"],
        "threshold" => &["name", "lower", "upper", "warmup_steps"],
        "patient" => &["name", "patience", "min_delta", "pruner"],
        _ => return None,
    };
    Some(Keys { known, foreign: foreign::pruner })
}

/// The settings of one pruner, and the defaults where they are silent.
struct Settings<'n> {
    table: Option<Table<'n>>,
    path: &'n str,
    position: Position,
}

impl Settings<'_> {
    fn place(&self, key: &str) -> Position {
        self.table.as_ref().map_or(self.position, |table| table.place(key))
    }

    fn number(&self, key: &str, report: &mut Report) -> Option<f64> {
        self.table.as_ref()?.number(key, report)
    }

    fn count(&self, key: &str, report: &mut Report) -> Option<u32> {
        self.table.as_ref()?.count(key, 0, MOST, report)
    }

    fn watch(&self, report: &mut Report) -> Watch {
        let usual = Watch::default();
        Watch {
            startup_trials: self.count("startup_trials", report).unwrap_or(usual.startup_trials),
            warmup_steps: self.count("warmup_steps", report).unwrap_or(usual.warmup_steps),
            interval: self.count("interval", report).unwrap_or(usual.interval),
        }
    }

    fn pruner(&self, name: &str, report: &mut Report) -> Option<Pruner> {
        Some(match name {
            "median" => Pruner::Median { watch: self.watch(report) },
            "percentile" => {
                let keep = self.number("keep", report).unwrap_or(25.0);
                Pruner::Percentile { keep, watch: self.watch(report) }
            }
            "asha" => Pruner::Asha {
                min_epochs: self.count("min_epochs", report),
                reduction: self.count("reduction", report).unwrap_or(4),
            },
            "hyperband" => Pruner::Hyperband {
                min_epochs: self.count("min_epochs", report).unwrap_or(1),
                max_epochs: self.count("max_epochs", report),
                reduction: self.count("reduction", report).unwrap_or(3),
            },
            "wilcoxon" => Pruner::Wilcoxon {
                p: self.number("p", report).unwrap_or(0.1),
                startup_steps: self.count("startup_steps", report).unwrap_or(2),
            },
            "threshold" => Pruner::Threshold {
                lower: self.number("lower", report),
                upper: self.number("upper", report),
                warmup_steps: self.count("warmup_steps", report).unwrap_or(0),
            },
            "patient" => self.patient(report)?,
            _ => Pruner::None,
        })
    }

    fn patient(&self, report: &mut Report) -> Option<Pruner> {
        let inner = match self.table.as_ref().and_then(|table| table.get("pruner")) {
            Some(node) => read(node, &format!("{}.pruner", self.path), report)?,
            None => Pruner::None,
        };
        Some(Pruner::Patient {
            patience: self.count("patience", report).unwrap_or(2),
            min_delta: self.number("min_delta", report).unwrap_or(0.0),
            pruner: Box::new(inner),
        })
    }
}
