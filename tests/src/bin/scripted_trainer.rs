//! A trainer that only plays one: a real process that obeys the protocol of supervised trainers and takes no time.
//!
//! Called as `pedigree train --supervised JOB.json` and `pedigree test --supervised JOB.json` are. Events are lines on stdout, the log is on stderr, the end of
//! stdin or SIGTERM interrupts it after its progress was kept. Metrics follow only from the job's learning rate.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

/// Exit codes of the protocol.
const INTERRUPTED: u8 = 6;
const INVALID_CHECKPOINT: u8 = 7;
const LOOK: Duration = Duration::from_millis(10);

struct Trainer {
    job: Value,
    epoch_time: Duration,
    stopping: Arc<AtomicBool>,
    messages: Receiver<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    let path = arguments.last().context("give a job file")?;
    let job = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let stopping = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&stopping))?;
    let (sender, messages) = channel();
    let orphaned = Arc::clone(&stopping);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
        orphaned.store(true, Ordering::Relaxed);
    });
    let epoch_ms = std::env::var("SCRIPTED_TRAINER_EPOCH_MS").ok().and_then(|text| text.parse().ok());
    let epoch_time = Duration::from_millis(epoch_ms.unwrap_or(50));
    let trainer = Trainer { job, epoch_time, stopping, messages };
    if arguments.iter().any(|argument| argument == "test") { trainer.test() } else { trainer.train() }
}

impl Trainer {
    fn train(self) -> anyhow::Result<ExitCode> {
        let epochs = self.job["params"]["max_epochs"].as_u64().context("max_epochs")?;
        let checkpoint = PathBuf::from(self.job["checkpoint"]["file"].as_str().context("checkpoint.file")?);
        let Ok(done) = kept(&checkpoint) else { return Ok(ExitCode::from(INVALID_CHECKPOINT)) };
        say(
            &json!({"event": "started", "trainable_parameters": 7, "total_parameters": 9, "train_sentences": 1,
            "train_windows": 1, "total_steps": epochs, "labels": ["O", "B-Drug"]}),
        )?;
        for epoch in 1..=epochs {
            if epoch > done && !self.works() {
                return Ok(ExitCode::from(INTERRUPTED));
            }
            say(&self.epoch(epoch, epoch <= done))?;
            writeln!(std::io::stderr(), "epoch {epoch}")?;
            replace(&checkpoint, &epoch.to_string())?;
        }
        self.write_results()?;
        std::fs::remove_file(&checkpoint)?;
        say(&json!({"event": "finished", "best_epoch": epochs, "epochs": epochs, "stopped_early": false,
            "objective": self.f1(epochs), "dev": scores(self.f1(epochs)), "test": null, "trainable_parameters": 7,
            "seconds": 1.0, "peak_memory_bytes": 1}))?;
        Ok(ExitCode::SUCCESS)
    }

    /// An epoch's time; whether it may go on after it.
    fn works(&self) -> bool {
        let mut left = self.epoch_time;
        while !left.is_zero() && !self.stopping.load(Ordering::Relaxed) {
            let now = left.min(LOOK);
            std::thread::sleep(now);
            left -= now;
        }
        !self.stopping.load(Ordering::Relaxed)
    }

    fn f1(&self, epoch: u64) -> f64 {
        let rate = self.job["params"]["learning_rate"].as_f64().unwrap_or(1e-3);
        #[expect(clippy::cast_precision_loss, reason = "a few epochs")]
        let grown = 0.2 * (1.0 - 1.0 / (epoch as f64 + 1.0));
        0.7 + grown - 0.05 * (rate.log10() + 3.0).abs()
    }

    fn epoch(&self, epoch: u64, carried: bool) -> Value {
        json!({"event": "epoch", "epoch": epoch, "step": epoch, "train_loss": 1.0, "dev_loss": 1.0,
            "dev": scores(self.f1(epoch)), "learning_rate": 1e-3, "gradient_norm": 1.0, "seconds": 1.0,
            "train_seconds": 1.0, "sentences_per_second": 1.0, "tokens_per_second": 1.0,
            "padded_tokens_per_second": 1.0, "peak_memory_bytes": 1, "carried": carried})
    }

    fn write_results(&self) -> anyhow::Result<()> {
        let out = PathBuf::from(self.job["out"].as_str().context("out")?);
        std::fs::create_dir_all(out.join("adapter"))?;
        // The weights differ from run to run, as real ones do.
        let weights = format!("weights of {}", out.display());
        for (name, content) in [
            ("adapter/adapter_config.json", "{}"),
            ("adapter/adapter_model.safetensors", &*weights),
            ("predictions.jsonl", "{}\n"),
            ("summary.json", "{}"),
        ] {
            std::fs::write(out.join(name), content)?;
        }
        Ok(())
    }

    /// Asks for the test split and scores each model on it.
    fn test(self) -> anyhow::Result<ExitCode> {
        say(&json!({"event": "test_wanted"}))?;
        let line = loop {
            match self.messages.recv_timeout(LOOK) {
                Ok(line) => break line,
                Err(RecvTimeoutError::Timeout) if !self.stopping.load(Ordering::Relaxed) => {}
                Err(_) => return Ok(ExitCode::from(INTERRUPTED)),
            }
        };
        let message: Value = serde_json::from_str(&line)?;
        let test = std::fs::read_to_string(message["test"].as_str().context("test")?)?;
        anyhow::ensure!(test.contains("B-Drug"), "this is no test split: {test:?}");
        let out = PathBuf::from(self.job["out"].as_str().context("out")?);
        let mut models = Vec::new();
        for model in self.job["models"].as_array().context("models")? {
            let adapter = Path::new(model["adapter"].as_str().context("adapter")?);
            let weights = std::fs::read_to_string(adapter.join("adapter_model.safetensors"))?;
            anyhow::ensure!(weights.starts_with("weights of"), "this is no adapter: {weights:?}");
            let folder = out.join(model["name"].as_str().context("name")?);
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("predictions.jsonl"), "{}\n")?;
            models.push(json!({"name": model["name"], "scores": {"overall": scores(0.5), "per_type": {"Drug": scores(0.5)},
                "sentences": 1, "windowed_sentences": 0, "orphan_tags": 0}}));
        }
        std::fs::write(out.join("summary.json"), "{}")?;
        say(&json!({"event": "tested", "models": models, "seconds": 1.0, "peak_memory_bytes": 1}))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn scores(f1: f64) -> Value {
    let score = json!({"precision": f1, "recall": f1, "f1": f1, "true_positives": 1, "false_positives": 1,
        "false_negatives": 1});
    json!({"strict": score, "conlleval": score, "subtoken_all": score})
}

fn say(event: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{event}")?;
    Ok(out.flush()?)
}

/// Epochs that an earlier attempt has trained.
fn kept(checkpoint: &Path) -> anyhow::Result<u64> {
    match std::fs::read_to_string(checkpoint) {
        Ok(text) => Ok(text.parse()?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Replaces a file in one step.
fn replace(file: &Path, content: &str) -> std::io::Result<()> {
    let draft = file.with_extension("draft");
    std::fs::write(&draft, content)?;
    std::fs::rename(draft, file)
}
