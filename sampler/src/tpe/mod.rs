//! Tree-structured Parzen estimators: points that are likely among the good trials and unlikely among the bad ones.
//!
//! `split` ranks and splits the history. `ours` is the sampler that was tuned here, over the densities of `mixture`;
//! `frozen` holds the presets that compute what other programs compute, over the densities of `parzen`. Both use the
//! numerics of `truncnorm`. `belief` is what the space states beforehand; only `ours` reads it.

mod belief;
mod frozen;
mod mixture;
mod ours;
mod parzen;
mod split;
mod truncnorm;

pub(crate) use frozen::{OPTUNA_4, OPTUNA_5, WATANABE};
pub(crate) use ours::Tpe;
