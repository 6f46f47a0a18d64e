//! The keys that say how one study searches. They stand at the top of a search-space file, and under `study` in a grid's.

use super::node::Value;
use super::problem::{Report, hint};
use super::table::{Keys, Table};
use super::{foreign, pruner, resources, retries, space, without_effect};
use crate::grid::StudyTemplate;
use crate::method::Method;
use crate::objective::{Goal, Metric, MetricName, ScoringProtocol};
use crate::params::{ParamValues, Scalar};
use crate::pruner::Pruner;
use crate::study::Transfer;

const METHOD: Keys = Keys { known: &["preset"], foreign: foreign::none };
const METRIC: Keys = Keys { known: &["name", "goal", "protocol"], foreign: foreign::metric };
const EARLY_STOP: Keys = Keys { known: &["patience"], foreign: foreign::none };

/// Most trials of a study. A larger number is taken for a typing error.
pub(super) const MOST_TRIALS: u32 = 100_000;
/// Most trials open at a time.
pub(super) const MOST_CONCURRENT: u32 = 10_000;

/// Reads how a study searches; `None` when something was reported.
pub(super) fn read(table: &Table<'_>, report: &mut Report) -> Option<StudyTemplate> {
    let method = method(table, report);
    let metric = metric(table, report);
    table.require("parameters", "name what is searched", report);
    table.require("trials", "give the total number of trials, resumes included", report);
    let path = table.key("parameters");
    let parameters = table.get("parameters").and_then(|node| space::read(node, &path, report));
    let mut fixed = ParamValues::new();
    if let Some(node) = table.get("fixed") {
        let path = table.key("fixed");
        fixed = space::read_fixed(node, &path, parameters.as_ref(), report);
        space::check_windows(&fixed, &path, node.position, report);
    }
    if let (Some(node), Some(space)) = (table.get("parameters"), &parameters) {
        without_effect::note(node, &path, space, &fixed, report);
    }
    if let Some(patience) = patience(table, report) {
        fixed.insert("patience".to_owned(), Scalar::Int(patience.into()));
    }
    let pruner = table.get("pruner").map(|node| pruner::read(node, &table.key("pruner"), report));
    let transfer = transfer(table, report);
    let trials = table.count("trials", 1, MOST_TRIALS, report);
    let max_concurrent = table.count("max_concurrent", 1, MOST_CONCURRENT, report).unwrap_or(1);
    let retries = retries::read(table, report);
    let resources = resources::read(table, report);
    let parameters = parameters?;
    if parameters.dimension("learning_rate").is_none() && !fixed.contains_key("learning_rate") {
        let message = "is neither searched nor fixed; the trainer has no default for it";
        report.fault(table.place("parameters"), format!("{path}.learning_rate"), message);
    }
    let retries = retries?;
    Some(StudyTemplate {
        method: method?,
        metric: metric?,
        parameters,
        fixed,
        pruner: pruner.unwrap_or(Some(Pruner::None))?,
        transfer: transfer?,
        trials: trials?,
        max_concurrent,
        resources: resources?,
        retries: retries.run,
        lost_retries: retries.lost,
        study_retries: retries.study,
    })
}

/// Reads the method, or takes the default; `None` when something was reported.
fn method(table: &Table<'_>, report: &mut Report) -> Option<Method> {
    let Some(node) = table.get("method") else { return Some(Method::default()) };
    let (name, position, path) = if matches!(node.value, Value::Table(_)) {
        let inner = Table::open(node, &table.key("method"), &METHOD, report)?;
        inner.require("preset", &format!("known: {}", Method::ALL.map(Method::as_str).join(", ")), report);
        (inner.text("preset", report)?, inner.place("preset"), inner.key("preset"))
    } else {
        (table.text("method", report)?, node.position, table.key("method"))
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
        report.fault(node.position, table.key("metric"), format!("is {}; {RIGHT}", node.value.describe()));
        return None;
    }
    let inner = Table::open(node, &table.key("metric"), &METRIC, report)?;
    inner.require("name", "the metric of trials is dev_f1", report);
    inner.require("goal", "write goal: maximize; there is no default", report);
    let name = inner.text("name", report).and_then(|n| metric_name(n, &inner, report));
    let goal = inner.text("goal", report).and_then(|g| goal(g, &inner, report));
    let protocol = match inner.text("protocol", report) {
        None => ScoringProtocol::default(),
        Some("strict") => ScoringProtocol::Strict,
        Some("conlleval") => ScoringProtocol::Conlleval,
        Some(other) => {
            let message =
                format!("there is no protocol {other:?}; {}", hint(other, &["strict", "conlleval"]));
            report.fault(inner.place("protocol"), inner.key("protocol"), message);
            return None;
        }
    };
    Some(Metric { name: name?, goal: goal?, protocol })
}

fn metric_name(name: &str, table: &Table<'_>, report: &mut Report) -> Option<MetricName> {
    let (at, key) = (table.place("name"), table.key("name"));
    match name {
        "dev_f1" => {}
        "eval_f1" | "dev/f1" => report.note(at, key, format!("{name} is read as dev_f1")),
        other => {
            let message = format!("trials report no objective {other:?}; the metric of trials is dev_f1");
            report.fault(at, key, message);
            return None;
        }
    }
    Some(MetricName::DevF1)
}

fn goal(goal: &str, table: &Table<'_>, report: &mut Report) -> Option<Goal> {
    let (at, key) = (table.place("goal"), table.key("goal"));
    match goal {
        "maximize" => Some(Goal::Maximize),
        "minimize" => {
            report.note(at, key, "minimize looks for the worst model: a higher F1 is better");
            Some(Goal::Minimize)
        }
        other => {
            let message = format!("{other:?} is not a goal; write maximize (or minimize)");
            report.fault(at, key, message);
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
                table.key("transfer"),
                format!("{other:?} is not a transfer mode; {hint}"),
            );
            None
        }
    }
}

fn patience(table: &Table<'_>, report: &mut Report) -> Option<u32> {
    let inner = Table::open(table.get("early_stop")?, &table.key("early_stop"), &EARLY_STOP, report)?;
    inner.require("patience", "give the epochs without a better dev score after which a trial ends", report);
    inner.count("patience", 1, 10_000, report)
}
