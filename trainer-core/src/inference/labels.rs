//! Entity types of a corpus against those of an adapter: renaming, dropping, and the refusal of what does not fit.
//!
//! Owns the names of types only. Must not know models.

use std::collections::{BTreeMap, BTreeSet};

/// Renames and drops entity types, in gold and in predicted tags alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeMap {
    /// Old name to new name.
    pub renamed: BTreeMap<String, String>,
    /// Types, by their old names, that become `O`.
    pub ignored: BTreeSet<String>,
}

/// A corpus with types that an adapter cannot predict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelMapError {
    /// It names a type that the adapter does not have.
    #[error(
        "the corpus has entities of type {kind}, which the adapter cannot predict (its types: {known}); rename with \
         --map-type {kind}=TYPE, or leave them out with --ignore-type {kind}"
    )]
    Unknown {
        /// The type, after renaming.
        kind: String,
        /// The adapter's types, after renaming.
        known: String,
    },
    /// A flag names a type that neither has.
    #[error("neither the adapter nor the corpus has a type {kind} (adapter: {adapter}; corpus: {corpus})")]
    Nowhere {
        /// The type.
        kind: String,
        /// The adapter's types.
        adapter: String,
        /// The corpus' types.
        corpus: String,
    },
}

impl TypeMap {
    /// The tag after renaming.
    pub fn tag(&self, tag: &str) -> String {
        let Some(kind) = tag.get(2..) else { return tag.to_owned() };
        if self.ignored.contains(kind) {
            return "O".into();
        }
        let kind = self.renamed.get(kind).map_or(kind, String::as_str);
        format!("{}{kind}", &tag[..2])
    }

    /// The tags of one sentence after renaming.
    pub fn tags(&self, tags: &[String]) -> Vec<String> {
        tags.iter().map(|tag| self.tag(tag)).collect()
    }

    /// The types after renaming, without the dropped ones.
    pub fn types<'a>(&self, types: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        let kept = types.into_iter().filter(|kind| !self.ignored.contains(*kind));
        kept.map(|kind| self.renamed.get(kind).cloned().unwrap_or_else(|| kind.to_owned())).collect()
    }

    /// Checks that the adapter can predict every type that is left in the corpus, and that every name in this map
    /// means something.
    ///
    /// # Errors
    /// The first type that does not fit.
    pub fn check(&self, adapter: &[String], corpus: &BTreeSet<&str>) -> Result<(), LabelMapError> {
        let list = |types: &mut dyn Iterator<Item = &str>| types.collect::<Vec<_>>().join(", ");
        let is_known = |kind: &&String| adapter.contains(kind) || corpus.contains(kind.as_str());
        if let Some(kind) = self.renamed.keys().chain(&self.ignored).find(|kind| !is_known(kind)) {
            return Err(LabelMapError::Nowhere {
                kind: kind.clone(),
                adapter: list(&mut adapter.iter().map(String::as_str)),
                corpus: list(&mut corpus.iter().copied()),
            });
        }
        let known = self.types(adapter.iter().map(String::as_str));
        match self.types(corpus.iter().copied()).difference(&known).next() {
            None => Ok(()),
            Some(kind) => Err(LabelMapError::Unknown {
                kind: kind.clone(),
                known: list(&mut known.iter().map(String::as_str)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(renamed: &[(&str, &str)], ignored: &[&str]) -> TypeMap {
        TypeMap {
            renamed: renamed.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
            ignored: ignored.iter().map(|kind| (*kind).into()).collect(),
        }
    }

    #[test]
    fn tags_are_renamed_and_dropped() {
        let map = map(&[("DNA", "GENE"), ("protein", "GENE")], &["cell_line"]);
        let tags = ["B-DNA", "I-DNA", "O", "B-cell_line", "B-GENE"].map(String::from);
        assert_eq!(map.tags(&tags), ["B-GENE", "I-GENE", "O", "O", "B-GENE"]);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_way_out() {
        let adapter = ["Disease".to_owned()];
        let corpus = BTreeSet::from(["Chemical", "DISEASE"]);
        let of = |map: TypeMap| map.check(&adapter, &corpus).map_err(|error| error.to_string());
        assert_eq!(of(map(&[("DISEASE", "Disease")], &["Chemical"])), Ok(()));
        assert_eq!(of(map(&[("Disease", "DISEASE")], &["Chemical"])), Ok(()));
        let refusal = of(map(&[], &["Chemical"])).unwrap_err();
        assert!(refusal.contains("type DISEASE") && refusal.contains("--map-type DISEASE=TYPE"), "{refusal}");
        let refusal = of(map(&[("Gene", "Disease")], &[])).unwrap_err();
        assert!(refusal.contains("a type Gene (adapter: Disease; corpus: Chemical, DISEASE)"), "{refusal}");
    }
}
