//! Names and shapes of the tensors of an encoder, and of its masked-LM head, as transformers saves them.

use super::{EncoderConfig, HeadLayout, Site};

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
    if let Some(path) = config.embedding_projection() {
        tensors.extend(linear(path, LinearShape { output: config.hidden_size, input: width }));
    }
    tensors
}

/// The sizes of a linear layer; its weight is `[output, input]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinearShape {
    pub(crate) output: usize,
    pub(crate) input: usize,
}

fn linear(path: &str, LinearShape { output, input }: LinearShape) -> [Named; 2] {
    [(format!("{path}.weight"), vec![output, input]), (format!("{path}.bias"), vec![output])]
}

fn norm(path: &str, width: usize) -> [Named; 2] {
    [(format!("{path}.weight"), vec![width]), (format!("{path}.bias"), vec![width])]
}

/// Values in an encoder, without poolers and heads.
pub(crate) fn encoder_parameters(config: &EncoderConfig) -> u64 {
    encoder_tensors(config).iter().map(|(_, shape)| shape.iter().map(|&n| n as u64).product::<u64>()).sum()
}

/// Name (in the file) and shape of every tensor of the family's usual masked-LM head.
pub(super) fn head_tensors(config: &EncoderConfig) -> Vec<Named> {
    let HeadLayout { dense, norm: after, bias } = config.family.head_layouts()[0];
    let width = config.embedding_size;
    let mut tensors = linear(dense, LinearShape { output: width, input: config.hidden_size }).to_vec();
    tensors.extend(norm(after, width));
    tensors.push((bias.to_owned(), vec![config.vocab_size]));
    tensors
}

impl EncoderConfig {
    /// The sizes of a linear layer.
    pub(crate) const fn shape(&self, site: Site) -> LinearShape {
        let (hidden, inner) = (self.hidden_size, self.intermediate_size);
        match site {
            Site::Up => LinearShape { output: inner, input: hidden },
            Site::Down => LinearShape { output: hidden, input: inner },
            Site::Query | Site::Key | Site::Value | Site::AttentionOutput => {
                LinearShape { output: hidden, input: hidden }
            }
        }
    }
}
