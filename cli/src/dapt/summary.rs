//! What a completed pretraining has gained.

use pedigree_protocol::dapt::DaptSummary;

use crate::output::{bytes, duration};

/// The facts of a summary, held-out text before and after first.
pub(super) fn summary_facts(summary: &DaptSummary) -> [(&'static str, String); 6] {
    let (before, after) = (&summary.before, &summary.after);
    let change = 100.0 * (after.pseudo_perplexity / before.pseudo_perplexity - 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a run")]
    let seconds = summary.seconds as i64;
    [
        (
            "pseudo-perplexity",
            format!("{:.3} -> {:.3} ({change:+.1} %)", before.pseudo_perplexity, after.pseudo_perplexity),
        ),
        (
            "bits per character",
            format!("{:.4} -> {:.4}", before.bits_per_character, after.bits_per_character),
        ),
        ("masked accuracy", format!("{:.4} -> {:.4}", before.masked_accuracy, after.masked_accuracy)),
        ("steps", format!("{} (a new head before: {})", summary.steps, summary.head_steps)),
        ("took", duration(seconds)),
        ("memory", bytes(summary.peak_memory_bytes)),
    ]
}
