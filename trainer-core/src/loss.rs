//! Cross-entropy over tags, with label smoothing.

use candle_core::{Result, Tensor};

/// The loss to train on: (1 - s) * nll + s * mean over classes of -log p, mean over rows. `logits` is `[m, classes]`,
/// `labels` `[m]` (u32). The result is a scalar with gradients.
pub(crate) fn smoothed(logits: &Tensor, labels: &Tensor, smoothing: f64) -> Result<Tensor> {
    let log_p = candle_nn::ops::log_softmax(logits, 1)?;
    let nll = log_p.gather(&labels.unsqueeze(1)?, 1)?.mean_all()?.neg()?;
    if smoothing == 0.0 {
        return Ok(nll);
    }
    let uniform = log_p.mean_all()?.neg()?;
    (nll * (1.0 - smoothing))? + (uniform * smoothing)?
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn by_hand() {
        let logits = Tensor::new(&[[0.0f32, 2.0f32.ln()], [0.0, 0.0]], &Device::Cpu).unwrap();
        let labels = Tensor::new(&[1u32, 0], &Device::Cpu).unwrap();
        let value = |s| smoothed(&logits, &labels, s).unwrap().to_scalar::<f32>().unwrap();
        let nll = (1.5f32.ln() + 2.0f32.ln()) / 2.0;
        let uniform = (1.5f32.ln() + 3.0f32.ln() + 2.0 * 2.0f32.ln()) / 4.0;
        assert!((value(0.0) - nll).abs() < 1e-6);
        assert!((value(0.1) - (0.9 * nll + 0.1 * uniform)).abs() < 1e-6);
    }
}
