//! Names and shapes of the tensors of an encoder, and of its masked-LM head, as transformers saves them.

use super::family::EMBEDDINGS_PROJECT;
use super::{EncoderConfig, Family, Site};

/// Every family has it, so it tells how the names of a file start.
pub(super) const FIRST: &str = "embeddings.word_embeddings.weight";

/// A tensor's name and shape.
pub(crate) type Named = (String, Vec<usize>);

/// Name (inside the encoder) and shape of every tensor of an encoder, without poolers and heads.
pub(crate) fn encoder_tensors(config: &EncoderConfig) -> Vec<Named> {
    let hidden = config.hidden_size;
    let mut tensors = embeddings(config);
    if let Some(relative) = config.relative {
        tensors.push(("encoder.rel_embeddings.weight".into(), vec![2 * relative.span(), hidden]));
        if relative.normed {
            tensors.extend(norm("encoder.LayerNorm", hidden));
        }
    }
    for layer in 0..config.num_hidden_layers {
        let at = |part: &str| format!("encoder.layer.{layer}.{part}");
        for site in Site::ALL {
            tensors.extend(linear(&at(config.family.path(site)), config.shape(site)));
        }
        tensors.extend(norm(&at("attention.output.LayerNorm"), hidden));
        tensors.extend(norm(&at("output.LayerNorm"), hidden));
    }
    tensors
}

fn embeddings(config: &EncoderConfig) -> Vec<Named> {
    let width = config.embedding_size;
    let table = |name: &str, rows| (format!("embeddings.{name}_embeddings.weight"), vec![rows, width]);
    let mut tensors = vec![(FIRST.to_owned(), vec![config.vocab_size, width])];
    if config.relative.is_none() {
        tensors.push(table("position", config.max_position_embeddings));
    }
    if config.type_vocab_size > 0 {
        tensors.push(table("token_type", config.type_vocab_size));
    }
    tensors.extend(norm("embeddings.LayerNorm", width));
    if config.widens() {
        tensors.extend(linear(EMBEDDINGS_PROJECT, (config.hidden_size, width)));
    }
    tensors
}

fn linear(path: &str, (out, input): (usize, usize)) -> [Named; 2] {
    [(format!("{path}.weight"), vec![out, input]), (format!("{path}.bias"), vec![out])]
}

fn norm(path: &str, width: usize) -> [Named; 2] {
    [(format!("{path}.weight"), vec![width]), (format!("{path}.bias"), vec![width])]
}

/// Values in an encoder, without poolers and heads.
pub(crate) fn encoder_parameters(config: &EncoderConfig) -> u64 {
    encoder_tensors(config).iter().map(|(_, shape)| shape.iter().map(|&n| n as u64).product::<u64>()).sum()
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
}

const BERT_HEAD: HeadLayout = HeadLayout {
    dense: "cls.predictions.transform.dense",
    norm: "cls.predictions.transform.LayerNorm",
    bias: "cls.predictions.bias",
};
const ELECTRA_HEAD: HeadLayout = HeadLayout {
    dense: "generator_predictions.dense",
    norm: "generator_predictions.LayerNorm",
    bias: "generator_lm_head.bias",
};
const DEBERTA_HEAD: HeadLayout = HeadLayout {
    dense: "lm_predictions.lm_head.dense",
    norm: "lm_predictions.lm_head.LayerNorm",
    bias: "lm_predictions.lm_head.bias",
};

/// Name (in the file) and shape of every tensor of the family's usual masked-LM head.
pub(super) fn head_tensors(config: &EncoderConfig) -> Vec<Named> {
    let HeadLayout { dense, norm: after, bias } = config.family.head_layouts()[0];
    let width = config.embedding_size;
    let mut tensors = linear(dense, (width, config.hidden_size)).to_vec();
    tensors.extend(norm(after, width));
    tensors.push((bias.to_owned(), vec![config.vocab_size]));
    tensors
}

impl Family {
    /// The layouts that files of this family have, the usual one first. DeBERTa's `legacy` heads have BERT's.
    pub(crate) const fn head_layouts(self) -> &'static [HeadLayout] {
        match self {
            Self::Bert => &[BERT_HEAD],
            Self::Electra => &[ELECTRA_HEAD],
            Self::DebertaV2 => &[DEBERTA_HEAD, BERT_HEAD],
        }
    }
}

impl EncoderConfig {
    /// `[out, in]` of a linear layer.
    pub(crate) const fn shape(&self, site: Site) -> (usize, usize) {
        match site {
            Site::Up => (self.intermediate_size, self.hidden_size),
            Site::Down => (self.hidden_size, self.intermediate_size),
            _ => (self.hidden_size, self.hidden_size),
        }
    }

    /// Whether the embeddings are projected to the width of the layers.
    pub(crate) const fn widens(&self) -> bool {
        self.embedding_size != self.hidden_size
    }
}
