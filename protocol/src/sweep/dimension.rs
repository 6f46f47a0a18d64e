//! One searched parameter: keys to domain. Whether a domain is valid in itself is decided in `crate::domain`.

use std::collections::BTreeMap;

use super::foreign;
use super::node::{Key, Node, Value};
use super::parameters::{self, Parameter, ParameterKind};
use super::prior;
use super::problem::{Report, hint};
use super::table::{Keys, Table};
use super::value::scalars;
use crate::domain::Domain;
use crate::params::Scalar;
use crate::space::Dimension;

const KEYS: Keys = Keys {
    known: &["min", "max", "log", "step", "int", "values", "ordinal", "when", "prior"],
    foreign: foreign::dimension,
};

/// The trainer's parameter of that name; an unknown one is reported.
pub(super) fn parameter(key: &Key, path: &str, report: &mut Report) -> Option<&'static Parameter> {
    let found = parameters::find(&key.name);
    if found.is_none() {
        let names: Vec<_> = parameters::ALL.iter().map(|p| p.name).collect();
        let message = format!("the trainer has no parameter of this name; {}", hint(&key.name, &names));
        report.fault(key.position, format!("{path}.{}", key.name), message);
    }
    found
}

/// Reads a searched parameter; `None` when something was reported.
pub(super) fn read<'n>(
    key: &Key,
    node: &'n Node,
    parent: &str,
    report: &mut Report,
) -> Option<(Dimension, Table<'n>)> {
    let parameter = parameter(key, parent, report)?;
    let path = format!("{parent}.{}", key.name);
    if !parameter.searchable {
        let right =
            if key.name == "patience" { "write early_stop: {patience: N}" } else { "move it under fixed:" };
        report.fault(key.position, path, format!("cannot be searched; {right}"));
        return None;
    }
    if !matches!(node.value, Value::Table(_)) {
        let example = example(parameter);
        let message = format!("is {}; give {example}, or move it under fixed:", node.value.describe());
        report.fault(node.position, path, message);
        return None;
    }
    let before = report.problems.len();
    let table = Table::open(node, &path, &KEYS, report)?;
    let domain = domain(&table, parameter, report);
    let when = conditions(&table, report);
    let domain = domain?;
    let prior = prior::read(&table, &domain, parameter, report);
    let dimension = Dimension { name: key.name.clone(), domain, when, prior };
    (report.problems.len() == before).then_some((dimension, table))
}

fn example(parameter: &Parameter) -> String {
    match parameter.kind {
        ParameterKind::Choice(words) => format!("{{values: [{}]}}", words.join(", ")),
        ParameterKind::Count(_) => "{values: [8, 16]} or {min: 8, max: 16, int: true}".to_owned(),
        _ => "{min: 0.001, max: 0.01} or {values: [0.001, 0.01]}".to_owned(),
    }
}

fn domain(table: &Table<'_>, parameter: &Parameter, report: &mut Report) -> Option<Domain> {
    if table.get("values").is_none() {
        if table.flag("ordinal", report) == Some(true) {
            report.fault(table.place("ordinal"), table.key("ordinal"), "only goes with values: [...]");
        }
        return range(table, parameter, report);
    }
    for range_key in ["min", "max", "log", "step", "int"] {
        if table.get(range_key).is_some() {
            let message = "does not go with values; give either a range or a list";
            report.fault(table.place(range_key), table.key(range_key), message);
        }
    }
    let ordinal = table.flag("ordinal", report).unwrap_or(false);
    let values = list(table, "values", parameter, report)?;
    if !ordinal {
        return Some(Domain::Categorical { values });
    }
    let numbers: Vec<f64> = values.iter().filter_map(Scalar::as_f64).collect();
    if numbers.is_sorted() || numbers.iter().rev().is_sorted() {
        return Some(Domain::Ordinal { values });
    }
    let message = "are ordinal but neither rise nor fall; sort them";
    report.fault(table.place("values"), table.key("values"), message);
    None
}

fn range(table: &Table<'_>, parameter: &Parameter, report: &mut Report) -> Option<Domain> {
    if parameter.kind.is_choice() {
        let message = format!("is {}; give {}", parameter.kind.describe(), example(parameter));
        report.fault(table.position, table.key("values"), message);
        return None;
    }
    table.require("min", "a range has min and max, a list has values", report);
    table.require("max", "a range has min and max, a list has values", report);
    let int = table.flag("int", report).unwrap_or(false);
    let log = table.flag("log", report).unwrap_or(false);
    if parameter.kind.is_whole() && !int {
        report.fault(table.position, table.key("int"), "is missing; this parameter is whole: add int: true");
        return None;
    }
    if log && are_exponents(table, report) {
        return None;
    }
    let domain = if int {
        let (min, max) = (table.whole("min", report)?, table.whole("max", report)?);
        Domain::Int { min, max, log, step: table.whole("step", report) }
    } else {
        let (min, max) = (table.number("min", report)?, table.number("max", report)?);
        Domain::Float { min, max, log, step: table.number("step", report) }
    };
    check_bounds(&domain, table, parameter, report);
    note_unreachable_top(&domain, table, report);
    Some(domain)
}

/// Determined writes `minval: -5` for 10^-5.
fn are_exponents(table: &Table<'_>, report: &mut Report) -> bool {
    let (Some(min), Some(max)) = (table.number("min", report), table.number("max", report)) else {
        return true;
    };
    if min < 0.0 {
        let message = format!(
            "{min} looks like an exponent; bounds are the values themselves: for 10^{min} .. 10^{max} write min: \
             1e{min}, max: 1e{max}"
        );
        report.fault(table.place("min"), table.key("min"), message);
    }
    min < 0.0
}

fn check_bounds(domain: &Domain, table: &Table<'_>, parameter: &Parameter, report: &mut Report) {
    let (min, max) = match domain {
        Domain::Int { min, max, .. } => (Scalar::Int(*min), Scalar::Int(*max)),
        Domain::Float { min, max, .. } => (Scalar::Float(*min), Scalar::Float(*max)),
        Domain::Ordinal { .. } | Domain::Categorical { .. } => return,
    };
    for (key, bound) in [("min", min), ("max", max)] {
        if let Err(problem) = parameter.accept(&bound) {
            report.fault(table.place(key), table.key(key), problem);
        }
    }
}

fn note_unreachable_top(domain: &Domain, table: &Table<'_>, report: &mut Report) {
    #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are far below 2^53")]
    let (min, max, step) = match domain {
        Domain::Int { min, max, step: Some(step), .. } => (*min as f64, *max as f64, *step as f64),
        Domain::Float { min, max, step: Some(step), .. } => (*min, *max, *step),
        _ => return,
    };
    let steps = (max - min) / step;
    if steps >= 1.0 && (steps - steps.round()).abs() > 1e-6 {
        let top = Scalar::Float(min + steps.floor() * step);
        let message = format!("does not divide the range; the largest value tried is {top}");
        report.note(table.place("step"), table.key("step"), message);
    }
}

fn conditions(table: &Table<'_>, report: &mut Report) -> BTreeMap<String, Vec<Scalar>> {
    let Some(node) = table.get("when") else { return BTreeMap::new() };
    let path = table.key("when");
    let Value::Table(entries) = &node.value else {
        let message = format!("is {}; give {{parameter: [values]}}", node.value.describe());
        report.fault(node.position, path, message);
        return BTreeMap::new();
    };
    let mut when = BTreeMap::new();
    for (key, wanted) in entries {
        let Some(parent) = parameter(key, &path, report) else { continue };
        let parent_path = format!("{path}.{}", key.name);
        if let Some(values) = scalars(wanted, &parent_path, parent, report) {
            when.insert(key.name.clone(), values);
        }
    }
    when
}

fn list(table: &Table<'_>, key: &str, parameter: &Parameter, report: &mut Report) -> Option<Vec<Scalar>> {
    scalars(table.get(key)?, &table.key(key), parameter, report)
}
