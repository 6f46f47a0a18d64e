//! Which workers this coordinator serves: those of its own release line.
//!
//! Two releases of one line (major and minor number) speak the same API.

use crate::error::{ApiError, ApiResult};

const OURS: &str = env!("CARGO_PKG_VERSION");

/// What every version of this coordinator's release line begins with, such as `0.2.`.
pub(crate) const PREFIX: &str =
    concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"), ".");

/// Refuses a worker of another release line.
pub(crate) fn check(version: &str) -> ApiResult<()> {
    if version.starts_with(PREFIX) {
        return Ok(());
    }
    let line = PREFIX.trim_end_matches('.');
    Err(ApiError::conflict(format!(
        "this worker is pedigree {version} and the coordinator is pedigree {OURS}; install pedigree {line} on this host \
         and start the worker again: attempts that have ended are handed over, the others are tried again"
    )))
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::ErrorCode;

    use super::*;
    use crate::testing::is_code;

    #[test]
    fn a_worker_of_another_line_is_refused_and_a_patch_release_is_not() {
        for version in [OURS, "0.2.0", "0.2.17", "0.2.1-rc.1"] {
            check(version).unwrap();
        }
        for version in ["0.1.0", "0.20.0", "1.2.0", "0.2", "", "0"] {
            assert!(is_code(check(version), ErrorCode::Conflict), "{version}");
        }
        let sentence = check("0.1.0").unwrap_err().to_string();
        assert!(
            sentence.starts_with("this worker is pedigree 0.1.0 and the coordinator is pedigree 0.2."),
            "{sentence}"
        );
        assert!(
            sentence.contains("install pedigree 0.2 on this host and start the worker again"),
            "{sentence}"
        );
    }
}
