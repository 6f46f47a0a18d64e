//! `pedigree study replay`: recomputes the suggestions of a study.

use std::io::{self, Write};
use std::process::ExitCode;

use pedigree_protocol::client::Client;
use pedigree_protocol::replay::{ReplayVerdict, ReplayedSuggestion, StudyReplay};

use crate::output::{Output, table, write_table};

/// Fails when a suggestion differs.
pub(crate) async fn run(client: &Client, study: &str, output: Output) -> anyhow::Result<ExitCode> {
    let replay = client.replay(study).await?;
    output.document(&replay, |screen| write(screen, &replay))?;
    Ok(if replay.differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn write(screen: &mut dyn Write, replay: &StudyReplay) -> io::Result<()> {
    let said = [
        (replay.same, "the same to the last bit"),
        (replay.differ, "different"),
        (replay.unknown, "that cannot be recomputed"),
        (replay.given, "given, not suggested"),
    ];
    let said: Vec<String> =
        said.iter().filter(|(n, _)| *n > 0).map(|(count, what)| format!("{count} {what}")).collect();
    writeln!(screen, "{} suggestions: {}", replay.suggestions.len(), said.join(", "))?;
    let explained = replay.suggestions.iter().filter(|suggestion| suggestion.explanation.is_some());
    let row = |suggestion: &ReplayedSuggestion| {
        let verdict = match suggestion.verdict {
            ReplayVerdict::Same => "same",
            ReplayVerdict::Differs => "differs",
            ReplayVerdict::OtherVersion => "other version",
            ReplayVerdict::Unreadable => "unreadable",
            ReplayVerdict::Given => "given",
        };
        let why = suggestion.explanation.clone().unwrap_or_default();
        vec![suggestion.number.to_string(), suggestion.sampler.clone(), verdict.to_owned(), why]
    };
    let rows: Vec<_> = explained.map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(screen)?;
    write_table(screen, &table(&["trial", "sampler", "replay", "why"], &[0], rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pedigree_protocol::RunId;

    #[test]
    fn what_differs_is_listed() {
        let suggestion = |number, verdict, why: Option<&str>| ReplayedSuggestion {
            run_id: RunId::new(),
            number,
            sampler: "tpe".into(),
            verdict,
            explanation: why.map(str::to_owned),
        };
        let suggestions = vec![
            suggestion(1, ReplayVerdict::Same, None),
            suggestion(2, ReplayVerdict::Differs, Some("other lora_r; computed now: {\"lora_r\":8}")),
        ];
        let replay = StudyReplay { same: 1, differ: 1, unknown: 0, given: 0, suggestions };
        let mut text = Vec::new();
        write(&mut text, &replay).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r#"
        2 suggestions: 1 the same to the last bit, 1 different

        trial  sampler  replay   why
            2  tpe      differs  other lora_r; computed now: {"lora_r":8}
        "#);
    }
}
