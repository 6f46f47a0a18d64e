//! Tree-structured Parzen estimators: points that are likely among the good trials and unlikely among the bad ones.
//!
//! `split` ranks the history and parts it; `ours` is the sampler tuned here over the densities of `mixture`; `frozen`
//! holds the presets that compute what others compute, over those of `parzen`. Both rest on the numerics of
//! `truncnorm`. `belief` is what the file states beforehand; only `ours` takes it up.

mod belief;
mod frozen;
mod mixture;
mod ours;
mod parzen;
mod split;
mod truncnorm;

pub(crate) use frozen::{OPTUNA_4, OPTUNA_5, WATANABE};
pub(crate) use ours::Tpe;
