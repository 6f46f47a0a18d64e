//! Names that people give to datasets, backbones and studies.

use crate::error::{ApiError, ApiResult};

/// Refuses a name that breaks the law of names.
pub(crate) fn check(noun: &'static str, name: &str) -> ApiResult<()> {
    pedigree_protocol::name::check(noun, name).map_err(|invalid| ApiError::invalid(invalid.to_string()))
}

/// "known: a, b", or that there is none yet.
pub(crate) fn known(noun: &str, names: &[String]) -> String {
    if names.is_empty() {
        format!("no {noun} is registered yet")
    } else {
        format!("known: {}", names.join(", "))
    }
}
