//! The law of names: what people may call a dataset, a backbone, a study, a pretraining or a token.
//!
//! A name stands in a path, a file name or a URL as it is.

/// Longest name, in characters.
pub const LONGEST: usize = 100;

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} cannot name a {noun}; use 1 to 100 letters, digits, '.', '_' and '-', and not only dots")]
pub struct InvalidName {
    noun: &'static str,
    name: String,
}

/// Checks a name for a noun such as "study".
///
/// # Errors
/// A sentence that says what would be right.
pub fn check(noun: &'static str, name: &str) -> Result<(), InvalidName> {
    // A name of only dots is the folder itself, or its parent.
    let only_dots = name.chars().all(|c| c == '.');
    if !only_dots && (1..=LONGEST).contains(&name.len()) && name.chars().all(is_allowed) {
        Ok(())
    } else {
        Err(InvalidName { noun, name: name.to_owned() })
    }
}

/// The text with `-` in place of what no name may hold.
pub(crate) fn made_of(text: &str) -> String {
    text.chars().map(|c| if is_allowed(c) { c } else { '-' }).collect()
}

const fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
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
