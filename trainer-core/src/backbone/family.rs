//! The families of encoders that can be trained: the list, and where each keeps its facts.

use super::facts::{EmbeddingWidth, Facts};
use super::{HeadLayout, Site};
use crate::LoraTargets;

/// Makes [`Family`] with the list of all families and the file of facts of each.
macro_rules! families {
    ($($(#[$doc:meta])* $family:ident => $file:ident,)+) => {
        /// A family of encoders, by its `model_type` in `config.json`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Family {
            $($(#[$doc])* $family,)+
        }

        impl Family {
            /// All families.
            pub const ALL: [Self; [$(Self::$family),+].len()] = [$(Self::$family),+];

            /// What the trainer knows of the family.
            pub(crate) const fn facts(self) -> &'static Facts {
                match self {
                    $(Self::$family => &super::families::$file::FACTS,)+
                }
            }
        }
    };
}

families! {
    /// BERT: learnt absolute positions.
    Bert => bert,
    /// ELECTRA: BERT with embeddings of another width than the layers.
    Electra => electra,
    /// DeBERTa v2 and v3: no absolute positions, disentangled attention over relative ones.
    DebertaV2 => deberta_v2,
}

impl Family {
    /// The family called `model_type` in `config.json`.
    pub fn named(model_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.model_type() == model_type)
    }

    /// Its name in `config.json`.
    pub const fn model_type(self) -> &'static str {
        self.facts().model_type
    }

    /// The encoder's module inside a model with a head.
    pub(crate) const fn module(self) -> &'static str {
        self.facts().module
    }

    /// What the class names of transformers start with.
    pub(crate) const fn class_prefix(self) -> &'static str {
        self.facts().class_prefix
    }

    /// Path of a linear layer inside its encoder layer.
    pub(crate) const fn path(self, site: Site) -> &'static str {
        self.facts().paths.of(site)
    }

    /// Where masked-LM heads lie in files of this family, the usual place first.
    pub(crate) const fn head_layouts(self) -> &'static [HeadLayout] {
        self.facts().heads
    }

    /// The layers that `targets` names, as PEFT matches them: by the end of a module's path.
    pub(crate) fn modules(self, targets: LoraTargets) -> Vec<&'static str> {
        let sites: &[Site] = match targets {
            LoraTargets::Qv => &[Site::Query, Site::Value],
            LoraTargets::Qkvo => &[Site::Query, Site::Key, Site::Value, Site::AttentionOutput],
            LoraTargets::AllLinear => &Site::ALL,
            LoraTargets::None => &[],
        };
        let name = |site: &Site| {
            let path = self.path(*site);
            path.strip_prefix("attention.self.").unwrap_or(path)
        };
        let projected = match (targets, &self.facts().embedding_width) {
            (LoraTargets::AllLinear, EmbeddingWidth::Projected { path }) => Some(*path),
            _ => None,
        };
        sites.iter().map(name).chain(projected).collect()
    }

    /// Whether the linear layer at `path` (inside the encoder) is one of them.
    pub(crate) fn covers(self, targets: LoraTargets, path: &str) -> bool {
        let matches = |module: &str| {
            path.strip_suffix(module).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.modules(targets).into_iter().any(matches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_is_found_by_its_own_name() {
        for family in Family::ALL {
            assert_eq!(Family::named(family.model_type()), Some(family));
        }
    }

    #[test]
    fn targets_are_named_as_peft_names_them() {
        let of = |family: Family, targets| family.modules(targets).join(" ");
        assert_eq!(of(Family::Bert, LoraTargets::Qv), "query value");
        assert_eq!(
            of(Family::DebertaV2, LoraTargets::Qkvo),
            "query_proj key_proj value_proj attention.output.dense"
        );
        let all = "query key value attention.output.dense intermediate.dense output.dense";
        assert_eq!(of(Family::Bert, LoraTargets::AllLinear), all);
        assert_eq!(of(Family::Electra, LoraTargets::AllLinear), format!("{all} embeddings_project"));
        assert!(Family::ALL.into_iter().all(|family| of(family, LoraTargets::None).is_empty()));
    }
}
