//! Sources: a value may be written as `{value: V, source: "where it comes from"}`, a mapping may have a key `source`.

use std::collections::BTreeMap;

use super::super::node::{Node, Value};
use super::super::problem::Report;
use super::places::{of_item, of_key};
use crate::params::Scalar;

/// Takes the sources out of the tree, so that it reads as if nobody had written them; by the key that they belong to.
pub(super) fn take(root: &mut Node, report: &mut Report) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    visit(root, "", &mut sources, report);
    sources
}

fn visit(node: &mut Node, path: &str, sources: &mut BTreeMap<String, String>, report: &mut Report) {
    take_source(node, path, sources, report);
    match &mut node.value {
        Value::Table(entries) => {
            for (key, value) in entries {
                visit(value, &of_key(path, &key.name), sources, report);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                visit(item, &of_item(path, index), sources, report);
            }
        }
        Value::Null | Value::Scalar(_) => {}
    }
}

fn take_source(node: &mut Node, path: &str, sources: &mut BTreeMap<String, String>, report: &mut Report) {
    let Value::Table(entries) = &mut node.value else { return };
    let Some(at) = entries.iter().position(|(key, _)| key.name == "source") else { return };
    let (key, source) = entries.remove(at);
    match source.value {
        Value::Scalar(Scalar::Text(text)) if !text.trim().is_empty() => {
            sources.insert(path.to_owned(), text);
        }
        other => {
            let message =
                format!("is {}; give a text that says where the value comes from", other.describe());
            report.fault(key.position, of_key(path, "source"), message);
        }
    }
    if let [(only, _)] = entries.as_slice()
        && only.name == "value"
    {
        *node = entries.remove(0).1;
    }
}
