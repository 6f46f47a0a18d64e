//! Progress of a count on stderr; hidden if that is no terminal.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts `things`; its length may be set later.
pub(crate) fn bar(things: &'static str) -> io::Result<ProgressBar> {
    let style = format!("{{bar:30}} {{pos}}/{{len}} {things}, {{per_sec}}, {{eta}} left");
    let style = ProgressStyle::with_template(&style).map_err(io::Error::other)?;
    Ok(ProgressBar::new(0).with_style(style))
}

/// A count of `things` without a known total; hidden if results appear on the same terminal.
pub(crate) fn counter(things: &'static str) -> io::Result<ProgressBar> {
    if io::stdout().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template(&format!("{{pos}} {things}, {{per_sec}}"));
    Ok(ProgressBar::new_spinner().with_style(style.map_err(io::Error::other)?))
}
