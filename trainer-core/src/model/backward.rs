//! The loss of an encoder's last hidden state, and the gradients of what is trained.
//!
//! With gradient checkpointing (Chen et al. 2016) the forward keeps only the input of each layer. The backward computes
//! one layer again at a time, with the same dropout masks, and takes its gradients.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

use super::encoder::Encoder;
use super::mask_keys::MaskKeys;
use super::packed::Packed;
use crate::rng::Draws;

/// From the last hidden state to the loss, a scalar.
pub(super) type Top<'a> = dyn Fn(&Tensor, &mut MaskKeys<'_>) -> Result<Tensor> + 'a;

/// Returns the loss, which `top` computes from the last hidden state, and the gradients of what is trained: one store for each
/// part of the backward.
///
/// # Errors
/// The matrix library failed.
pub(super) fn gradients(
    encoder: &Encoder,
    batch: &Packed,
    keys: &mut Draws,
    top: &Top<'_>,
) -> Result<(Tensor, Vec<GradStore>)> {
    // A frozen encoder keeps nothing for the backward anyway.
    if encoder.compute.recompute && encoder.is_trained() {
        return recomputed(encoder, batch, keys, top);
    }
    let mut keys = Some(keys);
    let loss = top(&encoder.hidden(batch, &mut keys)?, &mut keys)?;
    let store = loss.backward()?;
    Ok((loss, vec![store]))
}

fn recomputed(
    encoder: &Encoder,
    batch: &Packed,
    keys: &mut Draws,
    top: &Top<'_>,
) -> Result<(Tensor, Vec<GradStore>)> {
    let seeded = |keys: &mut Draws| encoder.compute.seed(&mut Some(keys));
    let at_embeddings = keys.clone();
    seeded(keys)?;
    let mut x = encoder.embeddings.forward(batch, &mut Some(&mut *keys))?.detach();
    let positions = encoder.positions(batch)?;
    let mut inputs = Vec::with_capacity(encoder.layers.len());
    for layer in &encoder.layers {
        inputs.push((x.clone(), keys.clone()));
        seeded(keys)?;
        x = layer.forward(&x, batch, positions.as_ref(), &mut Some(&mut *keys))?.detach();
    }
    let last = Var::from_tensor(&x)?;
    drop(x);
    seeded(keys)?;
    let loss = top(last.as_tensor(), &mut Some(keys))?;
    let mut store = loss.backward()?;
    let mut gradient = store.remove(last.as_tensor());
    let mut stores = vec![store];
    for (index, (layer, (input, mut keys))) in encoder.layers.iter().zip(inputs).enumerate().rev() {
        let Some(to_output) = gradient.take() else { break };
        seeded(&mut keys)?;
        // Nothing below the lowest layer is trained, unless the embeddings are.
        let ends_here = index == 0 && !encoder.embeddings.is_trained();
        let input = if ends_here { input } else { Var::from_tensor(&input)?.into_inner() };
        let output = layer.forward(&input, batch, positions.as_ref(), &mut Some(&mut keys))?;
        let mut store = (output * to_output)?.sum_all()?.backward()?;
        gradient = store.remove(&input);
        stores.push(store);
    }
    if let Some(to_output) = gradient.filter(|_| encoder.embeddings.is_trained()) {
        let mut keys = at_embeddings;
        seeded(&mut keys)?;
        let output = encoder.embeddings.forward(batch, &mut Some(&mut keys))?;
        stores.push((output * to_output)?.sum_all()?.backward()?);
    }
    Ok((loss, stores))
}
