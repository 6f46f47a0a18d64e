//! What the trainer must know of a family of encoders, as one value.
//!
//! Owns the questions; each file in `families/` answers all of them. Must not know any single family.

use serde_json::Value;

use super::RelativeSettings;

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

/// The facts of one family.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Its name in `config.json`.
    pub(crate) model_type: &'static str,
    /// The encoder's module inside a model with a head.
    pub(crate) module: &'static str,
    /// What the class names of transformers start with.
    pub(crate) class_prefix: &'static str,
    pub(crate) paths: Paths,
    pub(crate) positions: Positions,
    /// Default of `type_vocab_size`. `None` in a family without token types, whose files must not ask for any.
    pub(crate) token_types: Option<usize>,
    pub(crate) embedding_width: EmbeddingWidth,
    /// Default of `layer_norm_eps`.
    pub(crate) layer_norm_eps: f64,
    /// Whether the key `classifier_dropout` is read. If not, a classifier has the dropout of hidden states.
    pub(crate) has_classifier_dropout: bool,
    /// Where masked-LM heads lie in files of this family, the usual place first.
    pub(crate) heads: &'static [HeadLayout],
    pub(crate) published: Published,
    pub(crate) random: Random,
}

/// Path of each linear layer inside its encoder layer.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) query: &'static str,
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    pub(crate) attention_output: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
}

impl Paths {
    /// The path of a layer by its role.
    pub(crate) const fn of(&self, site: Site) -> &'static str {
        match site {
            Site::Query => self.query,
            Site::Key => self.key,
            Site::Value => self.value,
            Site::AttentionOutput => self.attention_output,
            Site::Up => self.up,
            Site::Down => self.down,
        }
    }
}

/// How an encoder knows the order of its input.
#[derive(Debug)]
pub(crate) enum Positions {
    /// One learnt embedding for each position.
    Absolute {
        /// Row of the first position in the table. RoBERTa would have 2 here: its padding index and one.
        first: usize,
    },
    /// Disentangled attention over distances.
    Relative {
        /// The settings of the published models.
        published: RelativeSettings,
    },
}

/// The key `embedding_size`.
#[derive(Debug)]
pub(crate) enum EmbeddingWidth {
    /// Embeddings are as wide as the layers, whatever the file says: transformers does not read the key.
    Hidden,
    /// Embeddings are as wide as the layers, and a file that says otherwise is refused.
    MustBeHidden,
    /// Embeddings of another width go through a linear layer.
    Projected {
        /// Path of that layer inside the encoder.
        path: &'static str,
    },
}

/// Where a masked-LM head lies in a file. Its decoder is tied to the word embeddings and not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadLayout {
    /// The linear layer after the encoder, `[embedding, hidden]`.
    pub(crate) dense: &'static str,
    /// The layer norm after it.
    pub(crate) norm: &'static str,
    /// The decoder's bias, `[vocab]`.
    pub(crate) bias: &'static str,
    /// What the key `legacy` of `config.json` says where the head lies here, in a family that has the key.
    pub(crate) legacy: Option<bool>,
}

/// The published models: what `bench train` computes on.
#[derive(Debug)]
pub(crate) struct Published {
    /// Pieces in the vocabulary.
    pub(crate) vocabulary: usize,
    pub(crate) small: Size,
    pub(crate) base: Size,
    pub(crate) large: Size,
}

/// The size of a published encoder. Its feed-forward layers are four times as wide as its layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) layers: usize,
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    /// Width of the embeddings.
    pub(crate) embedding: usize,
}

/// How the family's encoders with random weights, for tests and demonstrations, differ from those of others.
#[derive(Debug)]
pub(crate) struct Random {
    /// Whether the file has a masked-LM head, as the published ones of this family have.
    pub(crate) has_head: bool,
    /// Whether the folder needs a `tokenizer.json` beside `vocab.txt`, and a class of tokenizers that reads it.
    pub(crate) needs_tokenizer_file: bool,
    /// Further keys of `config.json`, computed from the hidden width and the longest input.
    pub(crate) settings: fn(hidden: usize, max_positions: usize) -> Vec<(&'static str, Value)>,
}
