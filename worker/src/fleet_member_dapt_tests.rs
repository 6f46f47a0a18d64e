//! A worker that is given a pretraining.

use pedigree_trainer_core::{DaptEpoch, DaptSummary, HeldOutScores};

use super::*;

const HELD_OUT: HeldOutScores =
    HeldOutScores { pseudo_perplexity: 12.5, bits_per_character: 2.0, masked_accuracy: 0.1, masked: 9 };

fn dapt_epoch() -> TrainerEvent {
    TrainerEvent::DaptEpoch(DaptEpoch {
        epoch: 1,
        step: 3,
        train_loss: 2.5,
        held_out: HELD_OUT,
        seconds: 1.0,
        tokens_per_second: 1.0,
        peak_memory_bytes: 1,
        carried: false,
    })
}

fn adapted() -> TrainerEvent {
    TrainerEvent::Adapted(DaptSummary {
        before: HeldOutScores { pseudo_perplexity: 20.0, ..HELD_OUT },
        after: HELD_OUT,
        steps: 3,
        head_steps: 0,
        sequences: 4,
        pieces: 40,
        trainable_parameters: 7,
        seconds: 1.0,
        peak_memory_bytes: 1,
    })
}

#[tokio::test]
async fn a_pretraining_reports_held_out_text_and_leaves_its_adapter() {
    let as_asked = "test \"$1 $2\" = 'dapt --supervised' || exit 1; ";
    let script = format!("{as_asked}{READ_JOB} {}{}{}", say(&dapt_epoch()), write_results(), say(&adapted()));
    let running = start(&script, accepting(work(RunKind::Dapt))).await;
    let end = running.end().await;
    assert_eq!(end["end"]["result"], "adapted", "{end:#}");
    assert_eq!(end["end"]["summary"]["before"]["pseudo_perplexity"], 20.0);
    let names: Vec<_> = end["artifacts"].as_array().unwrap().iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["adapter/adapter_config.json", "summary.json", "log.txt"]);
    let writes = writes(&running.coordinator.seen());
    let report = writes.iter().find(|write| write["kind"] == "dapt_report").unwrap();
    assert_eq!(report["metrics"]["held_out"]["pseudo_perplexity"], 12.5, "{report}");
    running.drain().await;
}
