//! The optimiser: AdamW with decoupled decay, the learning-rate curve, and the bound on the gradient norm.
//!
//! It works on plain vectors by tensor name, so that its state can be saved and its order never changes. candle's own
//! AdamW skips variables without a gradient and hides its moments.

mod adamw;
mod gradients;
mod loss_scale;
mod schedule;

pub(crate) use adamw::{AdamSettings, AdamW, Moments, Step};
pub(crate) use gradients::Gradients;
pub(crate) use loss_scale::{LossScale, Verdict};
pub(crate) use schedule::Schedule;
