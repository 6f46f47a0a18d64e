//! Names and shapes of the tensors of an encoder, and of its masked-LM head, as transformers saves them.

use super::{EncoderConfig, HeadLayout, Site, names};

/// A tensor's name and shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorShape {
    pub(crate) name: String,
    pub(crate) dims: Vec<usize>,
}

impl TensorShape {
    fn new(name: impl Into<String>, dims: &[usize]) -> Self {
        Self { name: name.into(), dims: dims.to_vec() }
    }

    /// Values in the tensor.
    pub(super) fn count(&self) -> usize {
        self.dims.iter().product()
    }
}

/// Every tensor of an encoder by its name inside the encoder, without poolers and heads.
pub(crate) fn encoder_tensors(config: &EncoderConfig) -> Vec<TensorShape> {
    let hidden = config.hidden_size;
    let mut tensors = embeddings(config);
    if let Some(relative) = config.relative {
        tensors.push(TensorShape::new(names::RELATIVE, &[2 * relative.span(), hidden]));
        if relative.normed {
            tensors.extend(norm(names::RELATIVE_NORM, hidden));
        }
    }
    for layer in 0..config.num_hidden_layers {
        for site in Site::ALL {
            let path = names::in_layer(layer, config.family.path(site));
            tensors.extend(linear(&path, config.shape(site)));
        }
        tensors.extend(norm(&names::in_layer(layer, names::ATTENTION_NORM), hidden));
        tensors.extend(norm(&names::in_layer(layer, names::OUTPUT_NORM), hidden));
    }
    tensors
}

fn embeddings(config: &EncoderConfig) -> Vec<TensorShape> {
    let width = config.embedding_size;
    let mut tensors = vec![TensorShape::new(names::WORDS, &[config.vocab_size, width])];
    if let Some(rows) = config.position_rows() {
        tensors.push(TensorShape::new(names::POSITIONS, &[rows, width]));
    }
    if config.type_vocab_size > 0 {
        tensors.push(TensorShape::new(names::TOKEN_TYPES, &[config.type_vocab_size, width]));
    }
    tensors.extend(norm(names::EMBEDDINGS_NORM, width));
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

fn linear(path: &str, LinearShape { output, input }: LinearShape) -> [TensorShape; 2] {
    [
        TensorShape::new(format!("{path}.weight"), &[output, input]),
        TensorShape::new(format!("{path}.bias"), &[output]),
    ]
}

fn norm(path: &str, width: usize) -> [TensorShape; 2] {
    ["weight", "bias"].map(|part| TensorShape::new(format!("{path}.{part}"), &[width]))
}

/// Values in an encoder, without poolers and heads.
pub(crate) fn encoder_parameters(config: &EncoderConfig) -> u64 {
    encoder_tensors(config).iter().map(|tensor| tensor.count() as u64).sum()
}

/// Every tensor of the family's usual masked-LM head by its name in the file.
pub(crate) fn head_tensors(config: &EncoderConfig) -> Vec<TensorShape> {
    let HeadLayout { dense, norm: after, bias, .. } = config.family.head_layouts()[0];
    let width = config.embedding_size;
    let mut tensors = linear(dense, LinearShape { output: width, input: config.hidden_size }).to_vec();
    tensors.extend(norm(after, width));
    tensors.push(TensorShape::new(bias, &[config.vocab_size]));
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
