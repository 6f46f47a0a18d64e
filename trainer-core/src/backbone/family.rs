//! The architectures that can be trained, and how the files of transformers spell their parts.

use serde::Deserialize;

use crate::LoraTargets;

/// `model_type` of `config.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Family {
    /// BERT: learnt absolute positions.
    #[serde(rename = "bert")]
    Bert,
    /// ELECTRA: BERT with embeddings of another width than the layers.
    #[serde(rename = "electra")]
    Electra,
    /// DeBERTa v2 and v3: no absolute positions, disentangled attention over relative ones (He et al. 2021).
    #[serde(rename = "deberta-v2")]
    DebertaV2,
}

/// Attention and feed-forward of one layer, by their role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    Query,
    Key,
    Value,
    AttentionOutput,
    Up,
    Down,
}

impl Site {
    /// In the order in which a layer computes them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Query, Self::Key, Self::Value, Self::AttentionOutput, Self::Up, Self::Down];
}

/// Where ELECTRA widens its embeddings.
pub(crate) const EMBEDDINGS_PROJECT: &str = "embeddings_project";

impl Family {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bert, Self::Electra, Self::DebertaV2];

    /// The family called `model_type` in `config.json`.
    pub fn named(model_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.model_type() == model_type)
    }

    /// Its name in `config.json`.
    pub const fn model_type(self) -> &'static str {
        match self {
            Self::Bert => "bert",
            Self::Electra => "electra",
            Self::DebertaV2 => "deberta-v2",
        }
    }

    /// The encoder's module inside a model with a head.
    pub(crate) const fn module(self) -> &'static str {
        match self {
            Self::Bert => "bert",
            Self::Electra => "electra",
            Self::DebertaV2 => "deberta",
        }
    }

    /// The class names of transformers start with this.
    pub(crate) const fn class_prefix(self) -> &'static str {
        match self {
            Self::Bert => "Bert",
            Self::Electra => "Electra",
            Self::DebertaV2 => "DebertaV2",
        }
    }

    /// Path of a linear layer inside its encoder layer.
    pub(crate) const fn path(self, site: Site) -> &'static str {
        match (self, site) {
            (Self::DebertaV2, Site::Query) => "attention.self.query_proj",
            (Self::DebertaV2, Site::Key) => "attention.self.key_proj",
            (Self::DebertaV2, Site::Value) => "attention.self.value_proj",
            (_, Site::Query) => "attention.self.query",
            (_, Site::Key) => "attention.self.key",
            (_, Site::Value) => "attention.self.value",
            (_, Site::AttentionOutput) => "attention.output.dense",
            (_, Site::Up) => "intermediate.dense",
            (_, Site::Down) => "output.dense",
        }
    }

    /// The layers that `targets` names, as PEFT matches them: by the end of a module's path.
    pub(crate) fn modules(self, targets: LoraTargets) -> Vec<&'static str> {
        let sites: &[Site] = match targets {
            LoraTargets::Qv => &[Site::Query, Site::Value],
            LoraTargets::Qkvo => &[Site::Query, Site::Key, Site::Value, Site::AttentionOutput],
            LoraTargets::AllLinear => &Site::ALL,
        };
        let name = |site: &Site| {
            let path = self.path(*site);
            path.strip_prefix("attention.self.").unwrap_or(path)
        };
        let widening =
            (self == Self::Electra && targets == LoraTargets::AllLinear).then_some(EMBEDDINGS_PROJECT);
        sites.iter().map(name).chain(widening).collect()
    }

    /// Whether the linear layer at `path` (inside the encoder) is one of them.
    pub(crate) fn covers(self, targets: LoraTargets, path: &str) -> bool {
        let matches = |module: &str| {
            path.strip_suffix(module).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.modules(targets).into_iter().any(matches)
    }
}
