//! The top-level keys.

use super::file::{Placed, SweepFile};
use super::foreign;
use super::node::{self, Node, Value};
use super::problem::{Position, Problems, Report, hint};
use super::table::{Keys, Table};
use super::{finals, pruner, resources, retries, space, without_effect};
use crate::finals::Finals;
use crate::method::Method;
use crate::name;
use crate::objective::{Goal, Metric, MetricName, ScoringProtocol};
use crate::params::{ParamValues, Scalar};
use crate::pruner::Pruner;
use crate::study::Transfer;

/// The top-level keys, in the order of the README.
pub(super) const KEYS: Keys = Keys {
    known: &[
        "name",
        "description",
        "dataset",
        "backbone",
        "method",
        "metric",
        "parameters",
        "fixed",
        "trials",
        "max_concurrent",
        "priority",
        "resources",
        "early_stop",
        "pruner",
        "transfer",
        "final",
        "retries",
        "seed",
    ],
    foreign: foreign::top,
};
const METHOD: Keys = Keys { known: &["preset"], foreign: foreign::none };
const METRIC: Keys = Keys { known: &["name", "goal", "protocol"], foreign: foreign::metric };
const EARLY_STOP: Keys = Keys { known: &["patience"], foreign: foreign::none };

/// Most trials of a study. A larger number is taken for a typing error.
const MOST_TRIALS: u32 = 100_000;

impl SweepFile {
    /// Reads a file's text; `file_name` is what messages call it.
    ///
    /// # Errors
    /// Every problem found, each with its place.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, Problems> {
        let root = node::parse(text).map_err(|problem| Problems::new(file_name, vec![problem]))?;
        let mut report = Report::default();
        match read(file_name, &root, &mut report) {
            Some(file) if report.problems.is_empty() => Ok(Self { notes: report.notes, ..file }),
            _ => Err(Problems::new(file_name, report.problems)),
        }
    }
}

/// Reads the whole document; `None` when something was reported.
fn read(file_name: &str, root: &Node, report: &mut Report) -> Option<SweepFile> {
    let table = Table::open(root, "", &KEYS, report)?;
    let place = |name| Placed { text: String::new(), position: table.place(name) };
    let placed = |name, report: &mut Report| {
        table.text(name, report).map(|text| Placed { text: text.to_owned(), ..place(name) })
    };
    let (name, description) = (placed("name", report), placed("description", report));
    let (dataset, backbone) = (placed("dataset", report), placed("backbone", report));
    if let Some(Placed { text, position }) = &name
        && let Err(invalid) = name::check("study", text)
    {
        report.fault(*position, "name", invalid.to_string());
    }
    let method = method(&table, report);
    let metric = metric(&table, report);
    table.require("parameters", "name what is searched", report);
    table.require("trials", "give the total number of trials, resumes included", report);
    let parameters = table.get("parameters").and_then(|node| space::read(node, report));
    let mut fixed = table
        .get("fixed")
        .map_or(ParamValues::new(), |node| space::read_fixed(node, parameters.as_ref(), report));
    if let (Some(node), Some(space)) = (table.get("parameters"), &parameters) {
        without_effect::note(node, space, &fixed, report);
    }
    if let Some(patience) = patience(&table, report) {
        fixed.insert("patience".to_owned(), Scalar::Int(patience.into()));
    }
    let pruner = table.get("pruner").map(|node| pruner::read(node, "pruner", report));
    let transfer = transfer(&table, report);
    let finals = table.get("final").map(|node| finals::read(node, report));
    let trials = table.count("trials", 1, MOST_TRIALS, report);
    let max_concurrent = table.count("max_concurrent", 1, 10_000, report).unwrap_or(1);
    let retries = retries::read(&table, report);
    let priority = resources::priority(&table, report);
    let resources = resources::read(&table, report);
    let seed = table.count("seed", 0, u32::MAX, report).unwrap_or(42);
    let parameters = parameters?;
    if parameters.dimension("learning_rate").is_none() && !fixed.contains_key("learning_rate") {
        let message = "is neither searched nor fixed; the trainer has no default for it";
        report.fault(table.place("parameters"), "parameters.learning_rate", message);
    }
    Some(SweepFile {
        file_name: file_name.to_owned(),
        name,
        description,
        dataset,
        backbone,
        method: method?,
        metric: metric?,
        parameters,
        fixed,
        pruner: pruner.unwrap_or(Some(Pruner::None))?,
        transfer: transfer?,
        finals: finals.unwrap_or_else(|| Some(Finals::default()))?,
        trials: trials?,
        max_concurrent,
        priority,
        resources: resources?,
        retries: retries?,
        seed,
        notes: Vec::new(),
    })
}

/// Reads the method, or takes the default; `None` when something was reported.
fn method(table: &Table<'_>, report: &mut Report) -> Option<Method> {
    let Some(node) = table.get("method") else { return Some(Method::default()) };
    let (name, position, path) = if matches!(node.value, Value::Table(_)) {
        let inner = Table::open(node, "method", &METHOD, report)?;
        inner.require("preset", &format!("known: {}", Method::ALL.map(Method::as_str).join(", ")), report);
        (inner.text("preset", report)?, inner.place("preset"), "method.preset")
    } else {
        (table.text("method", report)?, node.position, "method")
    };
    if let Some(meant) = foreign::method(name) {
        report.note(position, path, format!("{name} is read as {}", meant.as_str()));
        return Some(meant);
    }
    let method = Method::named(name);
    if method.is_none() {
        let hint = hint(name, &Method::ALL.map(Method::as_str));
        report.fault(position, path, format!("there is no method {name:?}; {hint}"));
    }
    method
}

fn metric(table: &Table<'_>, report: &mut Report) -> Option<Metric> {
    const RIGHT: &str = "write metric: {name: dev_f1, goal: maximize}";
    table.require("metric", RIGHT, report);
    let node = table.get("metric")?;
    if !matches!(node.value, Value::Table(_)) {
        report.fault(node.position, "metric", format!("is {}; {RIGHT}", node.value.describe()));
        return None;
    }
    let inner = Table::open(node, "metric", &METRIC, report)?;
    inner.require("name", "the metric of trials is dev_f1", report);
    inner.require("goal", "write goal: maximize; there is no default", report);
    let name = inner.text("name", report).and_then(|n| metric_name(n, inner.place("name"), report));
    let goal = inner.text("goal", report).and_then(|g| goal(g, inner.place("goal"), report));
    let protocol = match inner.text("protocol", report) {
        None => ScoringProtocol::default(),
        Some("strict") => ScoringProtocol::Strict,
        Some("conlleval") => ScoringProtocol::Conlleval,
        Some(other) => {
            let message =
                format!("there is no protocol {other:?}; {}", hint(other, &["strict", "conlleval"]));
            report.fault(inner.place("protocol"), "metric.protocol", message);
            return None;
        }
    };
    Some(Metric { name: name?, goal: goal?, protocol })
}

fn metric_name(name: &str, at: Position, report: &mut Report) -> Option<MetricName> {
    match name {
        "dev_f1" => {}
        "eval_f1" | "dev/f1" => report.note(at, "metric.name", format!("{name} is read as dev_f1")),
        other => {
            let message = format!("trials report no objective {other:?}; the metric of trials is dev_f1");
            report.fault(at, "metric.name", message);
            return None;
        }
    }
    Some(MetricName::DevF1)
}

fn goal(goal: &str, at: Position, report: &mut Report) -> Option<Goal> {
    match goal {
        "maximize" => Some(Goal::Maximize),
        "minimize" => {
            report.note(at, "metric.goal", "minimize looks for the worst model: a higher F1 is better");
            Some(Goal::Minimize)
        }
        other => {
            let message = format!("{other:?} is not a goal; write maximize (or minimize)");
            report.fault(at, "metric.goal", message);
            None
        }
    }
}

fn transfer(table: &Table<'_>, report: &mut Report) -> Option<Transfer> {
    // YAML 1.1 reads a bare `off` as false.
    if let Some(Value::Scalar(Scalar::Bool(false))) = table.get("transfer").map(|node| &node.value) {
        return Some(Transfer::Off);
    }
    match table.get("transfer").map(|_| table.text("transfer", report)) {
        None => Some(Transfer::Siblings),
        Some(None) => None,
        Some(Some("off")) => Some(Transfer::Off),
        Some(Some("siblings")) => Some(Transfer::Siblings),
        Some(Some(other)) => {
            let hint = hint(other, &["off", "siblings"]);
            report.fault(
                table.place("transfer"),
                "transfer",
                format!("{other:?} is not a transfer mode; {hint}"),
            );
            None
        }
    }
}

fn patience(table: &Table<'_>, report: &mut Report) -> Option<u32> {
    let inner = Table::open(table.get("early_stop")?, "early_stop", &EARLY_STOP, report)?;
    inner.require("patience", "give the epochs without a better dev score after which a trial ends", report);
    inner.count("patience", 1, 10_000, report)
}
