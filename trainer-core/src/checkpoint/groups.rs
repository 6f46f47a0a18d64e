//! The tensors of a checkpoint by what they are.

use std::collections::BTreeMap;

use crate::optim::Moments;
use crate::values::{NamedValues, Values};

const TRAINED: &str = "trained/";
const FIRST: &str = "first/";
const SECOND: &str = "second/";
const BEST: &str = "best/";

/// What a job keeps, by the names of its trainable tensors.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// The trained values as they are.
    pub(crate) trained: NamedValues,
    /// Those of the best epoch; empty where a job does not choose one.
    pub(crate) best: NamedValues,
    /// The optimiser's moments.
    pub(crate) moments: BTreeMap<String, Moments>,
}

impl Groups {
    /// All tensors by their names in the file.
    pub(crate) fn into_tensors(self) -> NamedValues {
        let mut tensors = NamedValues::new();
        for (name, Moments { first, second }) in self.moments {
            tensors.insert(format!("{FIRST}{name}"), Values::flat(first));
            tensors.insert(format!("{SECOND}{name}"), Values::flat(second));
        }
        for (prefix, group) in [(TRAINED, self.trained), (BEST, self.best)] {
            tensors.extend(group.into_iter().map(|(name, values)| (format!("{prefix}{name}"), values)));
        }
        tensors
    }

    /// Back from the tensors of a file.
    pub(crate) fn of(tensors: NamedValues) -> Self {
        let mut groups = Self::default();
        for (name, values) in tensors {
            if let Some(name) = name.strip_prefix(TRAINED) {
                groups.trained.insert(name.to_owned(), values);
            } else if let Some(name) = name.strip_prefix(BEST) {
                groups.best.insert(name.to_owned(), values);
            } else if let Some(name) = name.strip_prefix(FIRST) {
                groups.moments.entry(name.to_owned()).or_default().first = values.numbers;
            } else if let Some(name) = name.strip_prefix(SECOND) {
                groups.moments.entry(name.to_owned()).or_default().second = values.numbers;
            }
        }
        groups
    }
}
