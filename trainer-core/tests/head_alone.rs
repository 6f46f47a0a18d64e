//! `lora_targets: none`: only the head is trained, and its folder is read back like any adapter's.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod fixture;

use std::path::Path;

use fixture::{Recorder, folder, folder_of, job};
use pedigree_trainer_core::backbone::{Family, inspect};
use pedigree_trainer_core::corpus::{ReadOptions, read};
use pedigree_trainer_core::decode::Decoding;
use pedigree_trainer_core::inference::Recogniser;
use pedigree_trainer_core::{
    DaptJob, ExitReason, SentencePrediction, TestAccess, TrainSummary, TrainerEvent, check_start, dapt,
    export_merged, train,
};
use safetensors::SafeTensors;

const HEAD: &str = r#"{"learning_rate": 0.02, "batch_size": 8, "max_epochs": 2, "lora_targets": "none"}"#;

/// Trains the head into `out`. Returns the summary and the adapter's weights file.
fn trained(dir: &Path, out: &str, params: &str, start: Option<&Path>) -> (TrainSummary, Vec<u8>) {
    let mut job = job(dir, params);
    job.setup.out = dir.join(out);
    job.test = TestAccess::Never;
    job.start_adapter = start.map(Path::to_owned);
    let mut recorder = Recorder::default();
    let summary = train(&job, &mut recorder).unwrap();
    let TrainerEvent::Started { trainable_parameters, .. } = recorder.events[0] else { panic!() };
    assert_eq!(trainable_parameters, summary.trainable_parameters);
    (summary, std::fs::read(job.setup.out.join("adapter/adapter_model.safetensors")).unwrap())
}

fn tags(adapter: &Path, dir: &Path) -> Vec<Vec<String>> {
    let recogniser = Recogniser::open(adapter, &dir.join("backbone")).unwrap();
    let dev = read(&dir.join("corpus/dev.conll"), &ReadOptions::default()).unwrap();
    let tokens = dev.sentences.iter().map(|sentence| sentence.tokens.clone());
    recogniser.tag(tokens, Decoding::Argmax, &mut |_, _| Ok(())).unwrap().tags
}

fn predicted(out: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(out.join("predictions.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str::<SentencePrediction>(line).unwrap().predicted).collect()
}

#[test]
fn the_head_of_every_family_is_trained_and_read_back() {
    for family in Family::ALL {
        let dir = folder_of(family);
        let at = dir.path();
        let (summary, bytes) = trained(at, "out", HEAD, None);
        // Five tags on a width of 64, and a bias for each tag.
        assert_eq!(summary.trainable_parameters, 5 * 64 + 5, "{family:?}");
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut names = file.names();
        names.sort_unstable();
        assert_eq!(names, ["base_model.model.classifier.bias", "base_model.model.classifier.weight"]);
        let tagged = tags(&at.join("out/adapter"), at);
        assert_eq!(tagged, predicted(&at.join("out")), "{family:?}");
        assert!(tagged.iter().flatten().any(|tag| tag != "O"), "{family:?}: the head learnt nothing");
        exported_is_the_backbone_with_a_head(at, family);
    }
}

fn exported_is_the_backbone_with_a_head(at: &Path, family: Family) {
    export_merged(&at.join("out/adapter"), &at.join("backbone"), &at.join("merged")).unwrap();
    inspect(&at.join("merged")).unwrap();
    let (before, after) = (at.join("backbone/model.safetensors"), at.join("merged/model.safetensors"));
    let (before, after) = (std::fs::read(before).unwrap(), std::fs::read(after).unwrap());
    let (before, after) =
        (SafeTensors::deserialize(&before).unwrap(), SafeTensors::deserialize(&after).unwrap());
    let mut compared = 0;
    for name in after.names().into_iter().filter(|name| !name.starts_with("classifier.")) {
        let inner = name.split_once('.').unwrap().1;
        let original = before.tensor(inner).or_else(|_| before.tensor(name)).unwrap();
        assert!(original.data() == after.tensor(name).unwrap().data(), "{family:?} {name} has changed");
        compared += 1;
    }
    assert!(compared > 30, "{family:?}: {compared} tensors compared");
}

#[test]
fn keys_of_branches_have_no_effect_and_peft_reads_that_there_are_none() {
    let dir = folder();
    let at = dir.path();
    let (_, plain) = trained(at, "plain", HEAD, None);
    let other = HEAD.replace('}', r#", "lora_r": 3, "lora_alpha": 5, "lora_dropout": 0.4}"#);
    assert!(trained(at, "other", &other, None).1 == plain, "a key of LoRA changed the head");
    let text = |name: &str| std::fs::read_to_string(at.join("plain/adapter").join(name)).unwrap();
    let config: serde_json::Value = serde_json::from_str(&text("adapter_config.json")).unwrap();
    assert_eq!(config["target_modules"], "dummy-target-modules");
    assert_eq!(config["modules_to_save"], serde_json::json!(["classifier"]));
    let card = text("README.md");
    assert!(card.contains("# Classification head") && !card.contains("| rank"), "{card}");
}

#[test]
fn reports_show_the_rate_of_the_head() {
    let dir = folder();
    let params =
        HEAD.replace("\"learning_rate\": 0.02", "\"learning_rate\": 1.0, \"head_learning_rate\": 0.02");
    let mut recorder = Recorder::default();
    train(
        &pedigree_trainer_core::TrainJob { test: TestAccess::Never, ..job(dir.path(), &params) },
        &mut recorder,
    )
    .unwrap();
    let rates: Vec<f64> = recorder
        .events
        .iter()
        .filter_map(|event| match event {
            TrainerEvent::Epoch(epoch) => Some(epoch.learning_rate),
            _ => None,
        })
        .collect();
    assert!(rates.len() == 2 && rates.iter().all(|rate| *rate <= 0.02), "{rates:?}");
}

fn pretrained(at: &Path) -> std::path::PathBuf {
    let text = "patients with nephritis were treated ".repeat(8);
    for name in ["passages.txt", "held-out.txt"] {
        std::fs::write(at.join(name), vec![text.as_str(); 24].join("\n")).unwrap();
    }
    let job = format!(
        r#"{{"passages": "{at}/passages.txt", "held_out": "{at}/held-out.txt", "backbone": "{at}/backbone",
            "out": "{at}/dapt", "params": {{"learning_rate": 0.01, "batch_size": 8, "steps": 8, "max_length": 32,
            "head_steps": 2}}}}"#,
        at = at.display()
    );
    let job: DaptJob = serde_json::from_str(&job).unwrap();
    dapt(&job, &mut Recorder::default()).unwrap();
    at.join("dapt/adapter")
}

#[test]
fn a_start_adapter_is_merged_and_only_the_head_is_trained_on_it() {
    let dir = folder();
    let at = dir.path();
    let start = pretrained(at);
    let (_, plain) = trained(at, "plain", HEAD, None);
    let (summary, from_start) = trained(at, "out", HEAD, Some(&start));
    assert_eq!(summary.trainable_parameters, 5 * 64 + 5);
    assert!(from_start != plain, "the start adapter changed nothing");
    assert!(at.join("out/adapter/dapt/adapter_model.safetensors").is_file());
    assert_eq!(tags(&at.join("out/adapter"), at), predicted(&at.join("out")));
    let refused = check_start(&at.join("out/adapter"), &at.join("backbone")).unwrap_err().to_string();
    assert!(refused.contains("has a classifier"), "{refused}");
}

#[test]
fn a_pretraining_without_targets_is_refused() {
    let dir = folder();
    let at = dir.path();
    let job = format!(
        r#"{{"passages": "p", "held_out": "h", "backbone": "{at}/backbone", "out": "{at}/dapt",
            "params": {{"lora_targets": "none"}}}}"#,
        at = at.display()
    );
    let job: DaptJob = serde_json::from_str(&job).unwrap();
    let error = dapt(&job, &mut Recorder::default()).unwrap_err();
    assert_eq!(error.reason(), ExitReason::InvalidJob);
    assert!(error.to_string().contains("params.lora_targets: none leaves a pretraining nothing"), "{error}");
}
