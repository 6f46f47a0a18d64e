//! The `prior` key of a searched parameter: `{mu, sigma}`, or `{weights}` for values without an order.

use super::foreign;
use super::node::{Node, Value};
use super::parameters::{Parameter, as_number};
use super::problem::Report;
use super::table::{Keys, Table};
use super::value::scalar;
use crate::domain::Domain;
use crate::prior::Prior;

const NORMAL: Keys = Keys { known: &["mu", "sigma"], foreign: foreign::none };
const WEIGHTS: Keys = Keys { known: &["weights"], foreign: foreign::none };

/// Reads the prior of a parameter with that domain; `None` where there is none, or something was reported.
pub(super) fn read(
    table: &Table<'_>,
    domain: &Domain,
    parameter: &Parameter,
    report: &mut Report,
) -> Option<Prior> {
    let (node, path) = (table.get("prior")?, table.key("prior"));
    if matches!(domain, Domain::Categorical { .. }) {
        let table = Table::open(node, &path, &WEIGHTS, report)?;
        table.require("weights", "give one number for each of the values", report);
        return Some(Prior::Weights { weights: weights(&table, report)? });
    }
    let table = Table::open(node, &path, &NORMAL, report)?;
    table.require("mu", "give the most likely value", report);
    table.require("sigma", "give the deviation as a share of the range, such as 0.2", report);
    let mu = scalar(table.get("mu")?, &table.key("mu"), parameter, report);
    Some(Prior::Normal { mu: mu?, sigma: table.number("sigma", report)? })
}

fn weights(table: &Table<'_>, report: &mut Report) -> Option<Vec<f64>> {
    let node = table.get("weights")?;
    let number = |node: &Node| match &node.value {
        Value::Scalar(scalar) => as_number(scalar)?.as_f64(),
        _ => None,
    };
    let numbers = match &node.value {
        Value::List(items) => items.iter().map(number).collect(),
        _ => None,
    };
    if numbers.is_none() {
        let message = format!("is {}; give a list of numbers such as [3, 1]", node.value.describe());
        report.fault(node.position, table.key("weights"), message);
    }
    numbers
}
