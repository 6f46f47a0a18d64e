//! Output for the user: results on stdout (a table or one JSON document), notes and errors on stderr.

use std::io::{self, Write};
use std::process::ExitCode;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use indicatif::HumanBytes;
use pedigree_protocol::client::ClientError;
use pedigree_protocol::sweep::Problems;
use serde::Serialize;
use serde_json::{Value, json};

use crate::exit_code;

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether stdout holds only one JSON document.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints the result: the document under `--json`, else what `screen` writes.
    pub(crate) fn document<T: Serialize>(
        &self,
        document: &T,
        screen: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut stdout, document)?;
            writeln!(stdout)?;
        } else {
            screen(&mut stdout)?;
        }
        Ok(stdout.flush()?)
    }

    /// Prints a piece of a growing result; under `--json` nothing, since the document follows at the end.
    pub(crate) fn stream(&self, text: &str) -> anyhow::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        Ok(stdout.flush()?)
    }

    /// A line for the person at the terminal.
    pub(crate) fn note(&self, line: &str) {
        // There is nobody to report this failure to.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Reports why the command failed; returns its exit code.
    pub(crate) fn failure(&self, error: &anyhow::Error) -> ExitCode {
        if is_broken_pipe(error) {
            return ExitCode::SUCCESS;
        }
        let sentence = sentence(error);
        match error.downcast_ref::<Problems>() {
            Some(problems) => problems.lines().for_each(|line| self.note(&line)),
            None => self.note(&format!("error: {sentence}")),
        }
        if self.json {
            let mut document = json!({ "error": sentence });
            if let Some(problems) = error.downcast_ref::<Problems>() {
                document["problems"] = problems.lines().collect::<Value>();
            }
            // The sentence is on stderr too.
            let _ = self.document(&document, |_| Ok(()));
        }
        ExitCode::from(exit_code::of(error))
    }

    /// Reports a wrong command line, or prints the requested help.
    pub(crate) fn usage(error: &clap::Error) -> ExitCode {
        let _ = error.print();
        if !error.use_stderr() {
            return ExitCode::SUCCESS;
        }
        if std::env::args().any(|argument| argument == "--json") {
            let text = error.render().to_string();
            let text = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let _ = Self::new(true).document(&json!({ "error": text }), |_| Ok(()));
        }
        ExitCode::from(2)
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}

/// The error with its causes as one sentence.
fn sentence(error: &anyhow::Error) -> String {
    let client = error.chain().find_map(|cause| cause.downcast_ref::<ClientError>());
    match client {
        Some(silent @ ClientError::Unreachable { source, proxy, .. }) => {
            let why = root(source);
            let way_out = if proxy.is_some() {
                "check the proxy, or give --server URL"
            } else if why.contains("certificate") {
                "trust its issuer with SSL_CERT_FILE=FILE or in the system's store, or give --server URL"
            } else {
                "start one with `pedigree up`, or give --server URL"
            };
            format!("{silent} ({why}); {way_out}")
        }
        Some(ClientError::Refused(_) | ClientError::Foreign { .. }) | None => chain(error),
    }
}

/// The innermost cause, from the operating system or the network.
fn root(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .last()
        .map_or_else(String::new, ToString::to_string)
}

/// The error and its causes. A cause that its error already contains is not repeated.
fn chain(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.ends_with(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

/// A plain table: a header, columns two spaces apart, numbers aligned right.
pub(crate) fn table(header: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Writes a table without trailing spaces.
pub(crate) fn write_table(screen: &mut dyn Write, table: &Table) -> io::Result<()> {
    table.lines().try_for_each(|line| writeln!(screen, "{}", line.trim_end()))
}

/// Writes `label  value` lines with the values aligned.
pub(crate) fn write_facts(screen: &mut dyn Write, facts: &[(&str, String)]) -> io::Result<()> {
    let width = facts.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    facts.iter().try_for_each(|(label, value)| writeln!(screen, "{label:width$}  {value}"))
}

/// A duration as people say it: `48 s`, `3 min 05 s`, `2 h 07 min`.
pub(crate) fn duration(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Bytes in the unit that fits.
pub(crate) fn bytes(count: i64) -> String {
    HumanBytes(count.max(0).unsigned_abs()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_is_told_with_the_way_out() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = pedigree_protocol::client::Client::new("http://127.0.0.1:1", None);
        let error = anyhow::Error::from(runtime.block_on(client.studies()).unwrap_err());
        insta::assert_snapshot!(sentence(&error), @"the coordinator at http://127.0.0.1:1 does not answer (Connection refused (os error 111)); start one with `pedigree up`, or give --server URL");
    }

    #[test]
    fn a_table_has_no_borders_and_no_trailing_blanks() {
        let rows = [vec!["1".into(), "ab".into()], vec!["12".into(), "c".into()]];
        let mut text = Vec::new();
        write_table(&mut text, &table(&["n", "name"], &[0], rows)).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r#"
     n  name
     1  ab
    12  c
    "#);
    }

    #[test]
    fn durations_and_sizes_read_well() {
        let said = [5, 65, 7260].map(duration).join(", ");
        assert_eq!(said, "5 s, 1 min 05 s, 2 h 01 min");
        assert_eq!([12, 1_500, 90_900_000].map(bytes).join(", "), "12 B, 1.46 KiB, 86.69 MiB");
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow::anyhow!("no such file").context("a.txt: no such file").context("cannot add it");
        assert_eq!(chain(&error), "cannot add it: a.txt: no such file");
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("printing");
        assert!(is_broken_pipe(&error) && !is_broken_pipe(&anyhow::anyhow!("else")));
    }
}
