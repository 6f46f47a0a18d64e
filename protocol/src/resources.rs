//! What a study asks of the devices that train its runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const DAY: u32 = 86_400;

/// What a study asks of a device. A run is given only to a device that has all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// A part of the GPU's product name. Case does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_model: Option<String>,
    /// Memory of the GPU, GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_memory_gib: Option<u32>,
    /// Seconds that one attempt may take. It is ended after them, and no attempt begins on a worker that has less time
    /// left.
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
    /// Work may be given out.
    #[default]
    None,
    /// Nothing new begins. What runs comes to its end.
    Finish,
    /// Nothing new begins. What runs is handed back with its progress.
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

/// Reads a length of time such as `2h`, `1d12h` or `90m`, in whole seconds.
///
/// # Errors
/// A sentence that says what would be right.
pub fn parse_duration(text: &str) -> Result<u32, String> {
    let length = humantime::parse_duration(text).ok().filter(|_| has_known_units(text));
    let whole = length.filter(|length| length.subsec_nanos() == 0);
    let seconds =
        whole.and_then(|length| u32::try_from(length.as_secs()).ok()).filter(|seconds| *seconds > 0);
    seconds.ok_or_else(|| {
        format!("{text:?} is not a length of time; write it as 2h, 90m, 1h30m or 1d (d, h, m, s)")
    })
}

/// Whether the units are days to seconds, each once, the largest first. Humantime reads more: `M` is a month, and takes
/// them in any order.
fn has_known_units(text: &str) -> bool {
    let mut smaller = ["d", "h", "m", "s"].into_iter();
    let units = text.split(|character: char| character.is_ascii_digit() || [' ', '.'].contains(&character));
    units.filter(|unit| !unit.is_empty()).all(|unit| smaller.any(|known| known == unit))
}

/// Writes a length of time so that [`parse_duration`] reads it.
pub fn write_duration(seconds: u32) -> String {
    let below_a_day = humantime::format_duration(Duration::from_secs((seconds % DAY).into()));
    match (seconds / DAY, seconds % DAY) {
        (0, _) => below_a_day.to_string(),
        (days, 0) => format!("{days}d"),
        (days, _) => format!("{days}d {below_a_day}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_and_written() {
        for (text, seconds) in [
            ("2h", 7_200),
            ("1h30m", 5_400),
            ("1h 30m", 5_400),
            ("90m", 5_400),
            ("1d1s", 86_401),
            ("45s", 45),
            ("1.5h", 5_400),
            ("40d", 3_456_000),
        ] {
            assert_eq!(parse_duration(text), Ok(seconds), "{text}");
            assert_eq!(parse_duration(&write_duration(seconds)), Ok(seconds));
        }
        let written = [0, 5_400, 7 * DAY, 40 * DAY + 90].map(write_duration);
        assert_eq!(written, ["0s", "1h 30m", "7d", "40d 1m 30s"]);
        let foreign = ["30M", "1y", "2w", "30m1h", "1h1h", "30min", "1day", "1000ms"];
        let wrong = ["", "2", "h", "0s", "-1h", "100ms", "99999999d", "99999999999999999d", "2x"];
        for bad in foreign.into_iter().chain(wrong) {
            let sentence = parse_duration(bad).unwrap_err();
            assert!(sentence.contains("is not a length of time; write it as 2h"), "{sentence}");
        }
    }
}
