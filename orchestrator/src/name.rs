//! Names that people give to datasets, backbones and studies.

use crate::error::{ApiError, ApiResult};

/// Refuses a name that could not stand in a path, a file or a URL as it is.
pub(crate) fn check(noun: &str, name: &str) -> ApiResult<()> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    // Dots alone are the folder itself, or the one above.
    let all_dots = name.bytes().all(|b| b == b'.');
    if !all_dots && (1..=100).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{name:?} cannot name a {noun}: use 1 to 100 letters, digits, '.', '_' and '-', and not dots alone"
    )))
}

/// "known: a, b" or what to do when there is none.
pub(crate) fn known(noun: &str, names: &[String]) -> String {
    if names.is_empty() {
        format!("no {noun} is registered yet")
    } else {
        format!("known: {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_stand_in_a_path_is_refused() {
        assert!(check("study", "ncbi-disease_v1.2").is_ok());
        for bad in ["", ".", "..", "a b", "ä", "a/b", "a\r\nb", &"x".repeat(101)] {
            assert!(check("study", bad).is_err(), "{bad}");
        }
    }
}
