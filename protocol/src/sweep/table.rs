//! A mapping of known keys, and typed reads out of it; whatever does not fit is reported once. Must not know the keys.

use super::node::{Node, Value};
use super::parameters::{as_number, as_whole};
use super::problem::{Position, Report, hint};
use crate::params::Scalar;

/// A mapping whose keys have been checked.
#[derive(Debug)]
pub(super) struct Table<'n> {
    path: String,
    pub(super) position: Position,
    entries: Vec<(&'n str, &'n Node)>,
}

/// The keys that a mapping may have, and what to say about those of other tools.
pub(super) struct Keys {
    pub(super) known: &'static [&'static str],
    pub(super) foreign: fn(&str) -> Option<&'static str>,
}

impl<'n> Table<'n> {
    /// Opens a mapping; unknown and double keys are reported and left out. `None` when it is no mapping.
    pub(super) fn open(node: &'n Node, path: &str, keys: &Keys, report: &mut Report) -> Option<Self> {
        let Value::Table(entries) = &node.value else {
            let known = keys.known.join(", ");
            let message = format!("is {}; give a mapping with the keys {known}", node.value.describe());
            report.fault(node.position, path, message);
            return None;
        };
        let mut table = Self { path: path.to_owned(), position: node.position, entries: Vec::new() };
        for (key, value) in entries {
            let name = key.name.as_str();
            if let Some(right) = (keys.foreign)(name) {
                report.fault(key.position, table.key(name), format!("is not a key here; {right}"));
            } else if !keys.known.contains(&name) {
                let hint = hint(name, keys.known);
                report.fault(key.position, table.key(name), format!("is not a key here; {hint}"));
            } else if table.get(name).is_some() {
                report.fault(key.position, table.key(name), "is given twice; remove one");
            } else {
                table.entries.push((name, value));
            }
        }
        Some(table)
    }

    /// The dotted name of a key in this mapping.
    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, _)| *key == name).map(|(_, node)| *node)
    }

    /// The place of a key's value, or of the mapping where the key is absent.
    pub(super) fn place(&self, name: &str) -> Position {
        self.get(name).map_or(self.position, |node| node.position)
    }

    /// Reports a key that must be there.
    pub(super) fn require(&self, name: &str, right: &str, report: &mut Report) {
        if self.get(name).is_none() {
            report.fault(self.position, self.key(name), format!("is missing; {right}"));
        }
    }

    pub(super) fn text(&self, name: &str, report: &mut Report) -> Option<&'n str> {
        self.read(name, "a text", report, |value| match value {
            Value::Scalar(Scalar::Text(text)) if !text.trim().is_empty() => Some(text.as_str()),
            _ => None,
        })
    }

    pub(super) fn flag(&self, name: &str, report: &mut Report) -> Option<bool> {
        self.read(name, "true or false", report, |value| match value {
            Value::Scalar(Scalar::Bool(flag)) => Some(*flag),
            _ => None,
        })
    }

    /// A finite number, also where YAML took it for text.
    pub(super) fn number(&self, name: &str, report: &mut Report) -> Option<f64> {
        self.read(name, "a number", report, |value| match value {
            Value::Scalar(scalar) => as_number(scalar)?.as_f64(),
            _ => None,
        })
    }

    pub(super) fn whole(&self, name: &str, report: &mut Report) -> Option<i64> {
        self.read(name, "a whole number", report, |value| match value {
            Value::Scalar(scalar) => match as_whole(as_number(scalar)?) {
                Scalar::Int(whole) => Some(whole),
                _ => None,
            },
            _ => None,
        })
    }

    /// A whole number within bounds.
    pub(super) fn count(&self, name: &str, least: u32, most: u32, report: &mut Report) -> Option<u32> {
        let count = self.whole(name, report)?;
        match u32::try_from(count).ok().filter(|v| (least..=most).contains(v)) {
            None => {
                let message = format!("{count} is out of bounds; give {least} to {most}");
                report.fault(self.place(name), self.key(name), message);
                None
            }
            some => some,
        }
    }

    fn read<T>(
        &self,
        name: &str,
        wanted: &str,
        report: &mut Report,
        take: impl FnOnce(&'n Value) -> Option<T>,
    ) -> Option<T> {
        let node = self.get(name)?;
        let taken = take(&node.value);
        if taken.is_none() {
            let message = format!("is {}; give {wanted}", node.value.describe());
            report.fault(node.position, self.key(name), message);
        }
        taken
    }
}
