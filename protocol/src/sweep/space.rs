//! The `parameters` and `fixed` mappings: a space, and values that do not vary.

use super::dimension;
use super::node::{Key, Node, Value};
use super::parameters;
use super::problem::{Position, Report};
use super::table::Table;
use super::value::scalar;
use crate::params::{ParamValues, Scalar};
use crate::space::{Dimension, InvalidSpace, Space};

/// Reads the searched parameters; `None` when something was reported.
pub(super) fn read(node: &Node, path: &str, report: &mut Report) -> Option<Space> {
    let entries = mapping(node, path, "{learning_rate: {min: 1e-5, max: 1e-3, log: true}}", report)?;
    if entries.is_empty() {
        report.fault(node.position, path, "is empty; search at least one parameter");
    }
    let mut space = Vec::new();
    let mut broken = Vec::new();
    for (key, node) in entries {
        let admitted = dimension::read(key, node, path, report).and_then(|(dimension, table)| {
            admit(&mut space, dimension, &broken)
                .map_err(|error| place(&error, key.position, path, &table, report))
                .ok()
        });
        if admitted.is_none() {
            broken.push(key.name.clone());
        }
    }
    if broken.is_empty() { Space::new(space).ok() } else { None }
}

/// Adds a dimension to the valid ones before it. Conditions on invalid dimensions are not checked: the fault there is
/// already reported.
fn admit(
    space: &mut Vec<Dimension>,
    mut dimension: Dimension,
    broken: &[String],
) -> Result<(), InvalidSpace> {
    dimension.when.retain(|parent, _| !broken.contains(parent));
    let mut longer = space.clone();
    longer.push(dimension);
    Space::new(longer.clone())?.check_grids()?;
    *space = longer;
    Ok(())
}

fn place(error: &InvalidSpace, key: Position, path: &str, table: &Table<'_>, report: &mut Report) {
    match error.key {
        Some(inner) => report.fault(table.place(inner), table.key(inner), error.problem.clone()),
        None => report.fault(key, format!("{path}.{}", error.dimension), error.problem.clone()),
    }
}

/// Reads parameters that do not vary.
pub(super) fn read_fixed(
    node: &Node,
    parent: &str,
    searched: Option<&Space>,
    report: &mut Report,
) -> ParamValues {
    let mut fixed = ParamValues::new();
    for (key, value) in mapping(node, parent, "{max_epochs: 20}", report).into_iter().flatten() {
        let path = format!("{parent}.{}", key.name);
        if let Some(right) = elsewhere(&key.name) {
            report.fault(key.position, path, format!("does not belong here; {right}"));
            continue;
        }
        let Some(parameter) = dimension::parameter(key, parent, report) else { continue };
        if searched.is_some_and(|space| space.dimension(&key.name).is_some()) {
            report.fault(key.position, path, "is searched under parameters too; remove one of the two");
        } else if let Some(value) = scalar(value, &path, parameter, report)
            && fixed.insert(key.name.clone(), value).is_some()
        {
            report.fault(key.position, path, "is given twice; remove one");
        }
    }
    fixed
}

fn elsewhere(name: &str) -> Option<&'static str> {
    match name {
        "patience" => Some("write early_stop: {patience: N} at the top level"),
        "seed" => Some("write seed: N at the top level"),
        _ => None,
    }
}

/// Refuses windows that would share all that they hold.
pub(super) fn check_windows(fixed: &ParamValues, path: &str, place: Position, report: &mut Report) {
    let value = |name: &str| match (fixed.get(name), parameters::find(name).and_then(|p| p.default)) {
        (Some(Scalar::Int(value)), _) => Some(*value),
        (_, default) => default?.parse().ok(),
    };
    if let (Some(length), Some(stride)) = (value("max_length"), value("stride"))
        && stride >= length - 2
    {
        let message = format!("stride {stride} must be smaller than max_length - 2 = {}", length - 2);
        report.fault(place, format!("{path}.stride"), message);
    }
}

fn mapping<'n>(
    node: &'n Node,
    path: &str,
    example: &str,
    report: &mut Report,
) -> Option<&'n Vec<(Key, Node)>> {
    match &node.value {
        Value::Table(entries) => Some(entries),
        other => {
            let message = format!("is {}; give a mapping such as {example}", other.describe());
            report.fault(node.position, path, message);
            None
        }
    }
}
