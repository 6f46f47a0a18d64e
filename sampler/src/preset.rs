//! The sampler of each method.

use pedigree_protocol::Method;

use crate::auto::Auto;
use crate::gp::Gp;
use crate::grid_search::GridSearch;
use crate::random::Random;
use crate::sampler::Sampler;
use crate::sobol::Sobol;
use crate::tpe::{OPTUNA_4, OPTUNA_5, Tpe, WATANABE};

/// The newest version of the method's sampler.
pub(crate) fn of(method: Method) -> &'static dyn Sampler {
    match method {
        Method::Auto => &Auto,
        Method::Tpe => &Tpe,
        Method::Gp => &Gp,
        Method::Optuna5 => &OPTUNA_5,
        Method::Optuna4 => &OPTUNA_4,
        Method::Watanabe => &WATANABE,
        Method::Random => &Random,
        Method::GridSearch => &GridSearch,
        Method::Sobol => &Sobol,
    }
}
