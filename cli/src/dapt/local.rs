//! `pedigree dapt JOB.json`: one pretraining from a job file, without a server. Flags override the file. Under a
//! supervisor it speaks JSON lines.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use pedigree_trainer_core::{DaptJob, DaptSummary, dapt, run_dapt_process, stop_on_signals};
use pedigree_worker::dapt_summary;
use serde_json::{Map, Value, json};

use super::parameter::parameter;
use super::summary::summary_facts;
use crate::output::{Output, write_facts};
use crate::train::{Terminal, failed};

#[derive(Debug, clap::Args)]
pub(crate) struct LocalArgs {
    /// Job file (JSON); flags override its values
    job: Option<PathBuf>,
    /// File of text to train on, one passage per line
    #[arg(long, value_name = "FILE")]
    passages: Option<PathBuf>,
    /// File of text that is not trained on, one passage per line; the model is measured on it before and after. Take it
    /// from other documents than --passages
    #[arg(long, value_name = "FILE")]
    held_out: Option<PathBuf>,
    /// Folder of the backbone
    #[arg(long, value_name = "DIR")]
    backbone: Option<PathBuf>,
    /// Folder to write the adapter and the summary to
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Seed of all random numbers
    #[arg(long)]
    seed: Option<u64>,
    /// Threads for matrix products
    #[arg(long)]
    threads: Option<usize>,
    /// Parameter of the training, such as steps=200; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Speak JSON lines on stdin and stdout; stop when stdin ends
    #[arg(long, hide = true, requires = "job")]
    supervised: bool,
}

pub(crate) fn run(args: &LocalArgs, output: Output) -> anyhow::Result<ExitCode> {
    if let (Some(path), true) = (&args.job, args.supervised) {
        crate::kernels::settle(DaptJob::read(path).ok().and_then(|job| job.setup.threads))?;
        return Ok(ExitCode::from(run_dapt_process(path, true).code()));
    }
    let job = job(args)?;
    crate::kernels::settle(job.setup.threads)?;
    match dapt(&job, &mut Terminal { output, stopping: stop_on_signals()? }) {
        Ok(summary) => {
            output.document(&summary, |screen| write_summary(screen, &job, &summary))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(failed(error, output)),
    }
}

/// The job of the file, or an empty one, overridden by the flags.
fn job(args: &LocalArgs) -> anyhow::Result<DaptJob> {
    let mut job = match &args.job {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
            serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?
        }
        None => Map::new(),
    };
    let paths = [
        ("passages", &args.passages),
        ("held_out", &args.held_out),
        ("backbone", &args.backbone),
        ("out", &args.out),
    ];
    job.extend(paths.into_iter().filter_map(|(key, path)| Some((key.to_owned(), json!(path.as_ref()?)))));
    job.extend(args.seed.map(|seed| ("seed".to_owned(), json!(seed))));
    job.extend(args.threads.map(|threads| ("threads".to_owned(), json!(threads))));
    let params = job.entry("params").or_insert_with(|| json!({}));
    for setting in &args.parameters {
        let (name, value) = parameter(setting)?;
        if let Some(params) = params.as_object_mut() {
            params.insert(name, value);
        }
    }
    let job: DaptJob = serde_json::from_value(Value::Object(job)).context(
        "the job is not complete; give a job file, or --passages, --held-out, --backbone and --out",
    )?;
    job.check()?;
    Ok(job)
}

fn write_summary(screen: &mut dyn Write, job: &DaptJob, summary: &DaptSummary) -> std::io::Result<()> {
    let mut facts = summary_facts(&dapt_summary(summary)).to_vec();
    facts.push(("written to", job.setup.out.display().to_string()));
    write_facts(screen, &facts)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: LocalArgs,
    }

    fn parsed(line: &str) -> anyhow::Result<DaptJob> {
        job(&Line::parse_from(std::iter::once("dapt").chain(line.split(' '))).args)
    }

    #[test]
    fn flags_stand_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("job.json");
        let text =
            r#"{"passages": "p", "held_out": "h", "backbone": "b", "out": "o", "params": {"epochs": 2}}"#;
        std::fs::write(&file, text).unwrap();
        let file = file.display();
        let job = parsed(&format!("{file} --out elsewhere --seed 7 --set steps=9 --set lora_targets=qkvo"))
            .unwrap();
        assert_eq!(
            (job.setup.out.as_path(), job.setup.seed, job.params.epochs),
            (std::path::Path::new("elsewhere"), 7, 2)
        );
        assert_eq!(job.params.steps, Some(9));
        let unknown = parsed(&format!("{file} --set step=9")).unwrap_err();
        assert!(format!("{unknown:#}").contains("unknown field `step`"), "{unknown:#}");
        let incomplete = parsed("--passages p").unwrap_err();
        assert!(format!("{incomplete:#}").contains("--held-out"), "{incomplete:#}");
        let out_of_bounds = parsed(&format!("{file} --set mask_share=1.5")).unwrap_err();
        assert!(format!("{out_of_bounds:#}").contains("params.mask_share"), "{out_of_bounds:#}");
    }
}
