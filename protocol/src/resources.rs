//! What a study asks of the devices that train its runs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a study asks of a device. A run is given only to a device that has all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// A part of the GPU's product name, upper and lower case alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_model: Option<String>,
    /// Memory of the GPU, GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_memory_gib: Option<u32>,
    /// How long one attempt may take, seconds: it is ended after it, and none begins on a worker that has less left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walltime_s: Option<u32>,
}

impl Resources {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The memory asked for, bytes.
    pub fn min_memory_bytes(&self) -> Option<i64> {
        self.min_memory_gib.map(|gib| i64::from(gib) << 30)
    }
}

/// Whether work may be given out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "hold", rename_all = "snake_case"))]
pub enum Hold {
    /// It may.
    #[default]
    None,
    /// Nothing new begins; what runs comes to its end.
    Finish,
    /// Nothing new begins; what runs is handed back with its progress.
    Now,
}

/// How a study is paused, or a worker drained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// What runs is handed back with its progress instead of coming to its end.
    #[serde(default)]
    pub now: bool,
}

impl Pause {
    /// The hold that it asks for.
    pub const fn hold(self) -> Hold {
        if self.now { Hold::Now } else { Hold::Finish }
    }
}

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads a length of time such as `2h`, `1d12h` or `90m`, seconds.
///
/// # Errors
/// A sentence that says what would be right.
pub fn parse_duration(text: &str) -> Result<u32, String> {
    let wrong = || format!("{text:?} is no length of time; write it as 2h, 90m, 1h30m or 1d (d, h, m, s)");
    let (mut total, mut number, mut units) = (0_u32, String::new(), UNITS.iter());
    for character in text.chars() {
        if character.is_ascii_digit() {
            number.push(character);
            continue;
        }
        // Each unit once, the largest first.
        let seconds =
            units.find(|(unit, _)| *unit == character).map(|(_, seconds)| *seconds).ok_or_else(wrong)?;
        let count: u32 = number.parse().map_err(|_| wrong())?;
        total = count.checked_mul(seconds).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        number.clear();
    }
    if total == 0 || !number.is_empty() { Err(wrong()) } else { Ok(total) }
}

/// A length of time as [`parse_duration`] reads it.
pub fn write_duration(seconds: u32) -> String {
    let mut left = seconds;
    let mut text = String::new();
    for (unit, length) in UNITS {
        let count = left / length;
        left %= length;
        if count > 0 {
            text.push_str(&count.to_string());
            text.push(unit);
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_and_written() {
        for (text, seconds) in
            [("2h", 7_200), ("1h30m", 5_400), ("90m", 5_400), ("1d1s", 86_401), ("45s", 45)]
        {
            assert_eq!(parse_duration(text), Ok(seconds), "{text}");
            assert_eq!(parse_duration(&write_duration(seconds)), Ok(seconds));
        }
        assert_eq!(write_duration(5_400), "1h30m");
        for bad in ["", "2", "h", "2 h", "30m1h", "0s", "-1h", "99999999d", "1h1h", "2x"] {
            let sentence = parse_duration(bad).unwrap_err();
            assert!(sentence.contains("is no length of time; write it as 2h"), "{sentence}");
        }
    }
}
