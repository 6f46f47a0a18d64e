//! Values of a parameter: one, or a list. A wrong one is reported.

use super::node::{Node, Value};
use super::parameters::Parameter;
use super::problem::Report;
use crate::params::Scalar;

/// Reads a list of values; `None` when something was reported.
pub(super) fn scalars(
    node: &Node,
    path: &str,
    parameter: &Parameter,
    report: &mut Report,
) -> Option<Vec<Scalar>> {
    let Value::List(items) = &node.value else {
        let message = format!("is {}; give a list such as [a, b]", node.value.describe());
        report.fault(node.position, path, message);
        return None;
    };
    let values: Vec<_> = items.iter().filter_map(|item| scalar(item, path, parameter, report)).collect();
    (values.len() == items.len()).then_some(values)
}

/// Reads one value; `None` when it was reported.
pub(super) fn scalar(node: &Node, path: &str, parameter: &Parameter, report: &mut Report) -> Option<Scalar> {
    let accepted = match &node.value {
        Value::Scalar(value) => parameter.accept(value),
        other => Err(format!("is {}; give {}", other.describe(), parameter.kind.describe())),
    };
    accepted.map_err(|problem| report.fault(node.position, path, problem)).ok()
}
