//! The label set of a corpus: `O` first, then `B-X`, `I-X` by type, sorted.

use std::collections::BTreeSet;

use super::{CorpusError, Sentence, Split};

/// The tags of a head, in the order of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSet {
    types: Vec<String>,
    tags: Vec<String>,
}

impl LabelSet {
    /// From the entity types of train and dev.
    ///
    /// # Errors
    /// A split without entities.
    pub fn of(train: &Split, dev: &Split) -> Result<Self, CorpusError> {
        let types: BTreeSet<&str> = types(&train.sentences).chain(types(&dev.sentences)).collect();
        if types.is_empty() {
            return Err(CorpusError::NoEntities);
        }
        for (name, split) in [("train", train), ("dev", dev)] {
            if !has_entities(&split.sentences) {
                return Err(CorpusError::NoEntitiesIn { split: name });
            }
        }
        Ok(Self::from_types(types.into_iter().map(String::from).collect()))
    }

    fn from_types(types: Vec<String>) -> Self {
        let inside = types.iter().flat_map(|kind| [format!("B-{kind}"), format!("I-{kind}")]);
        let tags = std::iter::once("O".into()).chain(inside).collect();
        Self { types, tags }
    }

    /// The label set of a head whose rows are `tags`: `O` first, the others in any order. `None` where one of them is not a
    /// tag.
    pub fn from_tags(tags: Vec<String>) -> Option<Self> {
        let kind = |tag: &String| {
            let kind = tag.strip_prefix("B-").or_else(|| tag.strip_prefix("I-"));
            kind.filter(|kind| !kind.is_empty()).map(String::from)
        };
        let (outside, inside) = tags.split_first()?;
        let types: Option<BTreeSet<String>> = inside.iter().map(kind).collect();
        let types = types.filter(|_| outside == "O")?.into_iter().collect();
        Some(Self { types, tags })
    }

    /// Fails on a test split with a type that neither train nor dev has.
    ///
    /// # Errors
    /// [`CorpusError::TypeOnlyInTest`].
    pub fn check_test(&self, test: &Split) -> Result<(), CorpusError> {
        match types(&test.sentences).find(|kind| !self.types.iter().any(|known| known == kind)) {
            Some(kind) => Err(CorpusError::TypeOnlyInTest(kind.into())),
            None => Ok(()),
        }
    }

    /// Entity types, sorted.
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// Tags in the order of the head's rows.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// The row of a tag.
    pub fn index(&self, tag: &str) -> Option<usize> {
        self.tags.iter().position(|known| known == tag)
    }
}

/// Whether one of the sentences has an entity.
pub fn has_entities(sentences: &[Sentence]) -> bool {
    types(sentences).next().is_some()
}

/// The type of each tag that has one.
pub(super) fn types(sentences: &[Sentence]) -> impl Iterator<Item = &str> {
    sentences.iter().flat_map(|sentence| &sentence.tags).filter_map(|tag| tag.get(2..))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::corpus::{ReadOptions, parse};

    #[test]
    fn union_sorted_and_test_types_must_be_known() {
        let of = |text: &str| parse(Path::new("x"), text.as_bytes(), &ReadOptions::default()).unwrap();
        let labels = LabelSet::of(&of("a B-Z\n"), &of("a B-C\n")).unwrap();
        assert_eq!(labels.tags(), ["O", "B-C", "I-C", "B-Z", "I-Z"]);
        assert_eq!(labels.index("I-Z"), Some(4));
        let error = labels.check_test(&of("a B-Q\n")).unwrap_err().to_string();
        assert!(error.contains("Q occurs only in the test split"), "{error}");
        assert!(LabelSet::of(&of("a O\n"), &of("a O\n")).is_err());
    }
}
