//! The score on the test split under every protocol, and its seal.

use std::io::{self, Write};

use pedigree_protocol::objective::ScoringProtocol;
use pedigree_protocol::report::{EntityScore, ProtocolScores, TestResult, TestScores};
use pedigree_protocol::seal::Seal;

use crate::output::{table, write_table};

/// Writes the test score of a study that has opened its test split.
pub(crate) fn write_seal(screen: &mut dyn Write, seal: &Seal) -> io::Result<()> {
    match seal.results.as_slice() {
        [] => {}
        [only] => write_scores(screen, &only.scores)?,
        several => write_each(screen, seal, several)?,
    }
    let opened = format!("opened {}", seal.opened_at.format("%Y-%m-%d %H:%M:%S UTC"));
    let times = match seal.openings {
        1 => "once".to_owned(),
        times => format!("{times} times (an attempt was lost in between)"),
    };
    let sealed = seal
        .sealed_at
        .map_or("not sealed yet".to_owned(), |at| format!("sealed {}", at.format("%H:%M:%S UTC")));
    let test = &seal.test_sha256.as_str()[..12];
    writeln!(
        screen,
        "seal: test split {test} {opened}, {times}, by run {} attempt {}; {sealed}",
        seal.run_id, seal.attempt
    )
}

/// A row for each model, and their mean.
fn write_each(screen: &mut dyn Write, seal: &Seal, results: &[TestResult]) -> io::Result<()> {
    writeln!(screen, "test score of {} final runs", results.len())?;
    let f1 = |value: f64| format!("{value:.4}");
    let row = |result: &TestResult| {
        let overall = &result.scores.overall;
        vec![result.seed.to_string(), f1(overall.strict.f1), f1(overall.conlleval.f1)]
    };
    let mean = |protocol| seal.f1(protocol).map_or_else(String::new, f1);
    let last = vec!["mean".to_owned(), mean(ScoringProtocol::Strict), mean(ScoringProtocol::Conlleval)];
    let rows = results.iter().map(row).chain([last]);
    write_table(screen, &table(&["seed", "strict F1", "conlleval F1"], &[0, 1, 2], rows))
}

/// Writes the scores of one model, by type where there are several.
pub(crate) fn write_scores(screen: &mut dyn Write, scores: &TestScores) -> io::Result<()> {
    writeln!(screen, "test score over {} sentences", scores.sentences)?;
    let each = |name: &str, of: &ProtocolScores| {
        let subtoken_all = of.subtoken_all.as_ref().map(|score| row(name, "subtoken_all", score));
        let comparable = [row(name, "strict", &of.strict), row(name, "conlleval", &of.conlleval)];
        comparable.into_iter().chain(subtoken_all).collect::<Vec<_>>()
    };
    let mut rows = each("all types", &scores.overall);
    if scores.per_type.len() > 1 {
        rows.extend(scores.per_type.iter().flat_map(|(kind, of)| each(kind, of)));
    }
    let header = ["entities", "protocol", "precision", "recall", "F1", "right", "spurious", "missed"];
    write_table(screen, &table(&header, &[2, 3, 4, 5, 6, 7], rows))
}

fn row(kind: &str, protocol: &str, score: &EntityScore) -> Vec<String> {
    let share = |value: f64| format!("{value:.4}");
    vec![
        kind.to_owned(),
        protocol.to_owned(),
        share(score.precision),
        share(score.recall),
        share(score.f1),
        score.true_positives.to_string(),
        score.false_positives.to_string(),
        score.false_negatives.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn written(seal: &Seal) -> String {
        let mut text = Vec::new();
        write_seal(&mut text, seal).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_score_stands_under_both_protocols_with_its_seal() {
        let mut seal = fixtures::seal();
        insta::assert_snapshot!(written(&seal), @r#"
    test score over 60 sentences
    entities   protocol   precision  recall      F1  right  spurious  missed
    all types  strict        0.8000  0.5000  0.6154     40        10      40
    all types  conlleval     0.8000  0.5000  0.6154     40        10      40
    seal: test split abababababab opened 2026-01-02 03:08:00 UTC, once, by run 019a0000-0000-7000-8000-000000000001 attempt 1; sealed 03:09:00 UTC
    "#);
        seal.openings = 2;
        if let [TestResult { scores, .. }] = seal.results.as_mut_slice() {
            scores.overall.subtoken_all = Some(scores.overall.strict);
            scores.per_type.insert("Drug".to_owned(), scores.overall);
        }
        insta::assert_snapshot!(written(&seal), @r#"
    test score over 60 sentences
    entities   protocol      precision  recall      F1  right  spurious  missed
    all types  strict           0.8000  0.5000  0.6154     40        10      40
    all types  conlleval        0.8000  0.5000  0.6154     40        10      40
    all types  subtoken_all     0.8000  0.5000  0.6154     40        10      40
    Disease    strict           0.8000  0.5000  0.6154     40        10      40
    Disease    conlleval        0.8000  0.5000  0.6154     40        10      40
    Drug       strict           0.8000  0.5000  0.6154     40        10      40
    Drug       conlleval        0.8000  0.5000  0.6154     40        10      40
    Drug       subtoken_all     0.8000  0.5000  0.6154     40        10      40
    seal: test split abababababab opened 2026-01-02 03:08:00 UTC, 2 times (an attempt was lost in between), by run 019a0000-0000-7000-8000-000000000001 attempt 1; sealed 03:09:00 UTC
    "#);
    }

    #[test]
    fn several_final_runs_have_a_row_each_and_a_mean() {
        let mut seal = fixtures::seal();
        let mut second = seal.results[0].clone();
        (second.seed, second.scores.overall.strict.f1) = (8, 0.7);
        seal.results.push(second);
        insta::assert_snapshot!(written(&seal), @r#"
    test score of 2 final runs
    seed  strict F1  conlleval F1
       7     0.6154        0.6154
       8     0.7000        0.6154
    mean     0.6577        0.6154
    seal: test split abababababab opened 2026-01-02 03:08:00 UTC, once, by run 019a0000-0000-7000-8000-000000000001 attempt 1; sealed 03:09:00 UTC
    "#);
    }

    #[test]
    fn an_opened_split_without_a_score_is_not_sealed() {
        let mut seal = fixtures::seal();
        (seal.results, seal.sealed_at) = (Vec::new(), None);
        insta::assert_snapshot!(written(&seal), @"seal: test split abababababab opened 2026-01-02 03:08:00 UTC, once, by run 019a0000-0000-7000-8000-000000000001 attempt 1; not sealed yet");
    }
}
