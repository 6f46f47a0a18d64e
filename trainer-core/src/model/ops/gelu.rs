//! The exact (erf) GELU.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::cpu::{is_fused, values, with_values};
use super::vector::{erf_and_exp, vectorised};

const CHUNK: usize = 1 << 13;

/// x * Phi(x), element by element.
pub(crate) fn gelu(x: &Tensor) -> Result<Tensor> {
    if is_fused(x) { x.contiguous()?.apply_op1(Gelu) } else { x.gelu_erf() }
}

struct Gelu;

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu-erf"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?;
        let mut y = vec![0.0f32; x.len()];
        y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| {
            vectorised(|| {
                for (y, &x) in y.iter_mut().zip(x) {
                    let (erf, _) = erf_and_exp(x * std::f32::consts::FRAC_1_SQRT_2);
                    *y = 0.5 * x * (1.0 + erf);
                }
            });
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let out = with_values([x, &gradient.contiguous()?], |[x, gradient]| {
            let mut out = vec![0.0f32; x.len()];
            let inputs = x.par_chunks(CHUNK).zip(gradient.par_chunks(CHUNK));
            out.par_chunks_mut(CHUNK).zip(inputs).for_each(|(out, (x, gradient))| backward(out, x, gradient));
            Ok(out)
        })?;
        Tensor::from_vec(out, x.shape(), x.device()).map(Some)
    }
}

/// gradient * (Phi(x) + x * phi(x)).
fn backward(out: &mut [f32], x: &[f32], gradient: &[f32]) {
    const DENSITY_AT_0: f32 = 0.398_942_3;
    vectorised(|| {
        for ((out, &x), &gradient) in out.iter_mut().zip(x).zip(gradient) {
            let (erf, gaussian) = erf_and_exp(x * std::f32::consts::FRAC_1_SQRT_2);
            *out = gradient * (0.5 * (1.0 + erf) + x * DENSITY_AT_0 * gaussian);
        }
    });
}
