//! A parameter as `--set` gives it.

use anyhow::Context as _;
use serde_json::Value;

/// Reads `NAME=VALUE`.
pub(super) fn parameter(setting: &str) -> anyhow::Result<(String, Value)> {
    let (name, text) = setting
        .split_once('=')
        .with_context(|| format!("--set {setting}: give NAME=VALUE, such as steps=200"))?;
    // What is no JSON value is a word.
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    Ok((name.to_owned(), value))
}
