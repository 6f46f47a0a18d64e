//! The keys of a document and their places.

use std::collections::BTreeMap;

use super::super::node::{Node, Value};
use super::super::problem::Position;

/// Every key of a document with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places(BTreeMap<String, Position>);

impl Places {
    pub(super) fn of(root: &Node) -> Self {
        let mut places = BTreeMap::new();
        collect(root, "", &mut places);
        Self(places)
    }

    /// The place of a key, or of the nearest mapping around it.
    pub(super) fn find(&self, key: &str) -> Position {
        let mut key = key;
        loop {
            if let Some(position) = self.0.get(key) {
                return *position;
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return Position { line: 1, column: 1 },
            }
        }
    }
}

fn collect(node: &Node, path: &str, places: &mut BTreeMap<String, Position>) {
    match &node.value {
        Value::Table(entries) => {
            for (key, value) in entries {
                let path = of_key(path, &key.name);
                collect(value, &path, places);
                places.insert(path, key.position);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = of_item(path, index);
                places.insert(path.clone(), item.position);
                collect(item, &path, places);
            }
        }
        Value::Null | Value::Scalar(_) => {}
    }
}

/// The dotted name of a key of a mapping.
pub(super) fn of_key(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The name of an item of a list.
pub(super) fn of_item(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}
