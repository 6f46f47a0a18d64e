//! Functions of tensors with a backward written by hand, on any device and in any type.
//!
//! The value is computed before, outside the graph; the operation only puts it there, with a backward that candle calls.
//! That costs one copy of the value and spares the graph of every step in between.

use std::sync::{Mutex, PoisonError};

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail,
};

/// From the inputs, outside the graph, and the gradient to the value to the gradients to the inputs.
type Backward<const N: usize> =
    Box<dyn Fn([Tensor; N], &Tensor) -> Result<[Option<Tensor>; N]> + Send + Sync>;

struct ByHand<const N: usize> {
    /// Taken by the forward.
    value: Mutex<Option<Tensor>>,
    backward: Backward<N>,
}

impl<const N: usize> ByHand<N> {
    fn new(
        value: &Tensor,
        backward: impl Fn([Tensor; N], &Tensor) -> Result<[Option<Tensor>; N]> + Send + Sync + 'static,
    ) -> Result<Self> {
        let value = Mutex::new(Some(value.detach().contiguous()?));
        Ok(Self { value, backward: Box::new(backward) })
    }

    fn take(&self) -> Result<Tensor> {
        match self.value.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(value) => Ok(value),
            None => bail!("the forward of an operation came twice"),
        }
    }

    fn on_cpu(&self) -> Result<(CpuStorage, Shape)> {
        let value = self.take()?;
        let (storage, layout) = value.storage_and_layout();
        match &*storage {
            Storage::Cpu(storage) if layout.start_offset() == 0 => {
                Ok((storage.try_clone(layout)?, layout.shape().clone()))
            }
            _ => bail!("the value of an operation lies elsewhere than its inputs"),
        }
    }

    fn on_cuda(&self) -> Result<(CudaStorage, Shape)> {
        let value = self.take()?;
        let (storage, layout) = value.storage_and_layout();
        match &*storage {
            Storage::Cuda(storage) if layout.start_offset() == 0 => {
                Ok((storage.try_clone(layout)?, layout.shape().clone()))
            }
            _ => bail!("the value of an operation lies elsewhere than its inputs"),
        }
    }
}

const NAME: &str = "by-hand";

impl CustomOp1 for ByHand<1> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.on_cuda()
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [to_x] = (self.backward)([x.detach()], &gradient.contiguous()?)?;
        Ok(to_x)
    }
}

impl CustomOp2 for ByHand<2> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_cuda()
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [to_x, to_y] = (self.backward)([x.detach(), y.detach()], &gradient.contiguous()?)?;
        Ok((to_x, to_y))
    }
}

impl CustomOp3 for ByHand<3> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_cuda()
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        z: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let inputs = [x, y, z].map(Tensor::detach);
        let [to_x, to_y, to_z] = (self.backward)(inputs, &gradient.contiguous()?)?;
        Ok((to_x, to_y, to_z))
    }
}

/// `value`, a function of `x`, with its `backward`.
pub(super) fn of_one(
    x: &Tensor,
    value: &Tensor,
    backward: impl Fn([Tensor; 1], &Tensor) -> Result<[Option<Tensor>; 1]> + Send + Sync + 'static,
) -> Result<Tensor> {
    x.apply_op1(ByHand::new(value, backward)?)
}

/// `value`, a function of two tensors, with its `backward`.
pub(super) fn of_two(
    [x, y]: [&Tensor; 2],
    value: &Tensor,
    backward: impl Fn([Tensor; 2], &Tensor) -> Result<[Option<Tensor>; 2]> + Send + Sync + 'static,
) -> Result<Tensor> {
    x.apply_op2(y, ByHand::new(value, backward)?)
}

/// `value`, a function of three tensors, with its `backward`.
pub(super) fn of_three(
    [x, y, z]: [&Tensor; 3],
    value: &Tensor,
    backward: impl Fn([Tensor; 3], &Tensor) -> Result<[Option<Tensor>; 3]> + Send + Sync + 'static,
) -> Result<Tensor> {
    x.apply_op3(y, z, ByHand::new(value, backward)?)
}
