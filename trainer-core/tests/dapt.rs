//! Domain-adaptive pretraining on a small text: perplexity falls, the adapter is PEFT's, an interrupt changes nothing.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod fixture;

use std::path::Path;

use fixture::{Recorder, folder, folder_of};
use pedigree_trainer_core::backbone::Family;
use pedigree_trainer_core::corpus::{ReadOptions, read};
use pedigree_trainer_core::decode::Decoding;
use pedigree_trainer_core::inference::Recogniser;
use pedigree_trainer_core::{
    CheckpointPlan, DaptJob, DaptSummary, ExitReason, HeldOutScores, SentencePrediction, TestAccess,
    TrainerEvent, check_start, dapt, export_merged, train,
};

/// The neighbours of a masked word tell which word it is: each passage says one word again and again.
const WORDS: [&str; 8] =
    ["patients", "mice", "carriers", "children", "controls", "families", "survival", "samples"];

fn write_text(dir: &Path) {
    for (name, passages) in [("passages.txt", 160), ("held-out.txt", 64)] {
        let passage = |at: usize| format!("{} ", WORDS[at % WORDS.len()]).repeat(10 + at % 9);
        let lines: Vec<String> = (0..passages).map(passage).collect();
        std::fs::write(dir.join(name), lines.join("\n")).unwrap();
    }
}

/// Dropout masks are drawn part by part.
fn without_dropout(config: &Path) {
    let text = std::fs::read_to_string(config).unwrap();
    std::fs::write(config, text.replace("dropout_prob\": 0.1", "dropout_prob\": 0.0")).unwrap();
}

fn dapt_job(dir: &Path, out: &str) -> DaptJob {
    let text = format!(
        r#"{{"passages": "{dir}/passages.txt", "held_out": "{dir}/held-out.txt", "backbone": "{dir}/backbone",
            "out": "{dir}/{out}", "seed": 3, "params": {{"learning_rate": 0.005, "batch_size": 8, "micro_batch": 4,
            "steps": 40, "max_length": 48, "head_steps": 60, "head_learning_rate": 0.01}}}}"#,
        dir = dir.display()
    );
    serde_json::from_str(&text).unwrap()
}

fn trained(job: &DaptJob) -> (DaptSummary, Vec<u8>) {
    let summary = dapt(job, &mut Recorder::default()).unwrap();
    (summary, std::fs::read(job.setup.out.join("adapter/adapter_model.safetensors")).unwrap())
}

/// Number, training loss and held-out scores of each epoch that was told.
fn epochs(recorder: &Recorder) -> Vec<(usize, f64, HeldOutScores)> {
    let told = recorder.events.iter().filter_map(|event| match event {
        TrainerEvent::DaptEpoch(epoch) => Some((epoch.epoch, epoch.train_loss, epoch.held_out)),
        _ => None,
    });
    told.collect()
}

#[test]
fn perplexity_falls_and_an_interrupt_in_either_phase_changes_nothing() {
    let dir = folder_of(Family::Electra);
    write_text(dir.path());
    let mut undisturbed = Recorder::default();
    let summary = dapt(&dapt_job(dir.path(), "whole"), &mut undisturbed).unwrap();
    let adapter = std::fs::read(dir.path().join("whole/adapter/adapter_model.safetensors")).unwrap();
    let (before, after) = (summary.before, summary.after);
    assert!(after.pseudo_perplexity < 0.8 * before.pseudo_perplexity, "{before:?} {after:?}");
    assert!(after.masked_accuracy > before.masked_accuracy, "{before:?} {after:?}");
    assert!(after.bits_per_character < before.bits_per_character);
    assert!(before.masked == after.masked && before.masked > 40, "{before:?}");
    assert_eq!((summary.steps, summary.head_steps), (40, 60));

    let file = safetensors::SafeTensors::deserialize(&adapter).unwrap();
    let names = file.names();
    assert_eq!(names.len(), 8);
    assert!(names.contains(&"base_model.model.electra.encoder.layer.1.attention.self.value.lora_B.weight"));
    assert!(dir.path().join("whole/adapter/lm_head.safetensors").exists());
    let config = std::fs::read_to_string(dir.path().join("whole/adapter/adapter_config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert!(config["task_type"].is_null(), "{config:#}");
    assert_eq!(config["auto_mapping"]["base_model_class"], "ElectraForMaskedLM");

    let broken = dapt_job(dir.path(), "broken");
    // Two looks a step: the first interrupt falls into the head's steps, the second into the adapter's.
    for polls in [31, 130] {
        let mut recorder = Recorder { polls_left: Some(polls.into()), ..Recorder::default() };
        assert_eq!(dapt(&broken, &mut recorder).unwrap_err().reason(), ExitReason::Interrupted);
    }
    let mut recorder = Recorder::default();
    let resumed = dapt(&broken, &mut recorder).unwrap();
    let same = std::fs::read(broken.setup.out.join("adapter/adapter_model.safetensors")).unwrap();
    assert!(same == adapter, "the interrupt changed the adapter");
    assert_eq!((resumed.before, resumed.after), (before, after));
    assert_eq!(
        epochs(&recorder),
        epochs(&undisturbed),
        "carried over or trained here, the epochs are the same"
    );
    assert_eq!(epochs(&recorder).last().unwrap().2, after);
    assert!(!broken.setup.out.join("checkpoint.safetensors").exists());
}

#[test]
fn a_head_of_the_backbone_stays_and_parts_of_a_batch_make_no_difference() {
    let dir = folder();
    write_text(dir.path());
    without_dropout(&dir.path().join("backbone/config.json"));
    let with_parts = |micro_batch: usize, steps| {
        let mut job = dapt_job(dir.path(), &format!("{micro_batch}-{steps}"));
        job.params.lora_dropout = 0.0;
        job.params.micro_batch = micro_batch.try_into().unwrap();
        job.params.steps = Some(steps);
        trained(&job).0
    };
    let summary = with_parts(8, 40);
    assert_eq!(summary.head_steps, 0);
    assert!(!dir.path().join("8-40/adapter/lm_head.safetensors").exists());
    let (before, after) = (summary.before.pseudo_perplexity, summary.after.pseudo_perplexity);
    assert!(after < 0.5 * before, "{before} {after}");

    // Of few steps, as the last bits of sums grow into differences that say nothing.
    let (parts, whole) = (with_parts(3, 3), with_parts(8, 3));
    let difference = parts.after.pseudo_perplexity / whole.after.pseudo_perplexity - 1.0;
    assert!(difference.abs() < 1e-4, "{difference} {parts:?} {whole:?}");
}

#[test]
fn the_checkpoint_of_a_training_is_refused() {
    let dir = folder();
    write_text(dir.path());
    let training = fixture::job(dir.path(), r#"{"learning_rate": 0.01, "max_epochs": 1}"#);
    let mut recorder = Recorder { polls_left: Some(3.into()), ..Recorder::default() };
    train(&training, &mut recorder).unwrap_err();
    let file = Some(training.setup.out.join("checkpoint.safetensors"));
    let mut job = dapt_job(dir.path(), "out");
    job.setup.checkpoint = CheckpointPlan { file, ..CheckpointPlan::default() };
    let error = dapt(&job, &mut Recorder::default()).unwrap_err();
    assert_eq!(error.reason(), ExitReason::InvalidCheckpoint);
    assert!(error.to_string().contains("of another job: "), "{error}");
}

/// A fine-tuned adapter carries its start adapter along, so that its evaluation is that of the training.
#[test]
fn a_fine_tuning_starts_from_the_adapter_and_carries_it_along() {
    let dir = folder_of(Family::DebertaV2);
    write_text(dir.path());
    let mut pretraining = dapt_job(dir.path(), "dapt");
    (pretraining.params.steps, pretraining.params.head_steps) = (Some(12), 4);
    dapt(&pretraining, &mut Recorder::default()).unwrap();
    let start = dir.path().join("dapt/adapter");
    let params = r#"{"learning_rate": 0.003, "head_learning_rate": 0.02, "batch_size": 8, "max_epochs": 2}"#;
    let tuned = |out: &str, start: Option<&Path>| {
        let mut job = fixture::job(dir.path(), params);
        job.setup.out = dir.path().join(out);
        job.test = TestAccess::Never;
        job.start_adapter = start.map(Path::to_owned);
        let summary = train(&job, &mut Recorder::default()).unwrap();
        (summary, std::fs::read(job.setup.out.join("adapter/adapter_model.safetensors")).unwrap())
    };
    let (summary, from_start) = tuned("from-start", Some(&start));
    let (_, plain) = tuned("plain", None);
    assert!(from_start != plain, "the pretraining changed nothing");

    let adapter = dir.path().join("from-start/adapter");
    let recogniser = Recogniser::open(&adapter, &dir.path().join("backbone")).unwrap();
    let dev = read(&dir.path().join("corpus/dev.conll"), &ReadOptions::default()).unwrap();
    let tokens = dev.sentences.iter().map(|sentence| sentence.tokens.clone());
    let tagged = recogniser.tag(tokens, Decoding::Argmax, &mut |_, _| Ok(())).unwrap();
    let predicted = std::fs::read_to_string(dir.path().join("from-start/predictions.jsonl")).unwrap();
    let predicted: Vec<SentencePrediction> =
        predicted.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let same = predicted.iter().zip(&tagged.tags).all(|(line, tags)| &line.predicted == tags);
    assert!(same && predicted.len() == tagged.tags.len(), "{summary:?}");

    let refused = check_start(&adapter, &dir.path().join("backbone")).unwrap_err().to_string();
    assert!(refused.contains("has a classifier"), "{refused}");
    for (name, path) in check_start(&start, &dir.path().join("backbone")).unwrap() {
        let to = dir.path().join("backbone").join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(path, to).unwrap();
    }
    assert!(tuned("from-backbone", None).1 == from_start, "the backbone's own adapter counts the same");
}

/// The merged model measures what the pretraining measured at its end, with the head that it trained.
#[test]
fn a_merged_pretraining_keeps_the_head_that_was_trained() {
    for family in [Family::Electra, Family::DebertaV2] {
        let dir = folder_of(family);
        write_text(dir.path());
        let mut job = dapt_job(dir.path(), "dapt");
        (job.params.steps, job.params.head_steps) = (Some(6), 10);
        let (summary, _) = trained(&job);
        let (adapter, backbone) = (dir.path().join("dapt/adapter"), dir.path().join("backbone"));
        export_merged(&adapter, &backbone, &dir.path().join("merged")).unwrap();

        let mut again = dapt_job(dir.path(), "again");
        again.setup.backbone = dir.path().join("merged");
        again.params.steps = Some(1);
        let (measured, _) = trained(&again);
        assert_eq!(measured.head_steps, 0, "{family:?}: the head is there");
        let apart = (measured.before.bits_per_character - summary.after.bits_per_character).abs();
        assert!(apart < 1e-4, "{family:?}: {:?} and {:?}", measured.before, summary.after);
        let config = std::fs::read_to_string(dir.path().join("merged/config.json")).unwrap();
        assert!(config.contains("ForMaskedLM"), "{config}");
        assert_eq!(config.contains("\"legacy\": false"), family == Family::DebertaV2, "{config}");

        // Of the merged model it would be a second head.
        let error = export_merged(&adapter, &dir.path().join("merged"), &dir.path().join("out")).unwrap_err();
        assert!(
            error.to_string().contains("lm_head.safetensors: the backbone has a masked-LM head"),
            "{error}"
        );
    }
}
