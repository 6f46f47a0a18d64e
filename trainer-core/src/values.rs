//! Tensors outside any graph: a shape and f32 values by name, and the safetensors file that holds them.

use std::collections::{BTreeMap, HashMap};
use std::io;

use candle_core::{Result, Tensor, Var};
use safetensors::tensor::{Dtype, TensorView};

/// A tensor on the host.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Values {
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f32>,
}

/// Tensors by name.
pub(crate) type NamedValues = BTreeMap<String, Values>;

impl Values {
    /// A vector.
    pub(crate) fn flat(numbers: Vec<f32>) -> Self {
        Self { shape: vec![numbers.len()], numbers }
    }

    /// A copy of `tensor`, which must be f32.
    ///
    /// # Errors
    /// A tensor of another type, or a device that fails.
    pub(crate) fn of(tensor: &Tensor) -> Result<Self> {
        Ok(Self { shape: tensor.dims().to_vec(), numbers: tensor.flatten_all()?.to_vec1()? })
    }
}

/// Copies of variables.
///
/// # Errors
/// The device failed.
pub(crate) fn copies(variables: &BTreeMap<String, Var>) -> Result<NamedValues> {
    variables.iter().map(|(name, var)| Ok((name.clone(), Values::of(var)?))).collect()
}

/// Puts copies back into the variables of the same names; the others stay.
///
/// # Errors
/// A copy of another shape, or a device that fails.
pub(crate) fn put_back(variables: &BTreeMap<String, Var>, copies: &NamedValues) -> Result<()> {
    for (name, var) in variables {
        if let Some(Values { shape, numbers }) = copies.get(name) {
            var.set(&Tensor::from_slice(numbers, shape.as_slice(), var.device())?)?;
        }
    }
    Ok(())
}

/// A safetensors file that PyTorch's loaders take.
///
/// # Errors
/// A shape that does not fit its values.
pub(crate) fn safetensors_file(tensors: &NamedValues) -> io::Result<Vec<u8>> {
    safetensors_with(tensors, HashMap::from([("format".to_owned(), "pt".to_owned())]))
}

/// Tensors with `metadata` as the bytes of a safetensors file.
///
/// # Errors
/// A shape that does not fit its values.
pub(crate) fn safetensors_with(
    tensors: &NamedValues,
    metadata: HashMap<String, String>,
) -> io::Result<Vec<u8>> {
    let little_endian =
        |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let bytes: Vec<_> = tensors
        .iter()
        .map(|(name, values)| (name, values.shape.clone(), little_endian(&values.numbers)))
        .collect();
    let views = bytes
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>();
    views.and_then(|views| safetensors::serialize(views, Some(metadata))).map_err(io::Error::other)
}
