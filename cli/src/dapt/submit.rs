//! `pedigree dapt submit`: queues a pretraining for the workers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use pedigree_protocol::ParamValues;
use pedigree_protocol::client::Client;
use pedigree_protocol::dapt::DaptSpec;
use pedigree_protocol::queue::LOST_RETRIES;
use pedigree_protocol::resources::{Resources, parse_duration};
use pedigree_trainer_core::DaptParameters;
use serde_json::{Map, Value};

use super::parameter::parameter;
use super::{show, watch};
use crate::output::Output;
use crate::queue::priorities;
use crate::upload::{self, LocalFile};

#[derive(Debug, clap::Args)]
pub(crate) struct SubmitArgs {
    /// Name of the pretraining: letters, digits, '.', '_' and '-'
    name: String,
    /// Name of a registered backbone
    #[arg(long, value_name = "NAME")]
    backbone: String,
    /// File of text to train on, one passage per line
    #[arg(long, value_name = "FILE")]
    passages: PathBuf,
    /// File of text that is not trained on, one passage per line; the model is measured on it before and after. Take it
    /// from other documents than --passages
    #[arg(long, value_name = "FILE")]
    held_out: PathBuf,
    /// Parameter of the training, such as steps=200; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Name under which the adapted backbone is registered when the pretraining completes; studies can already be queued for it
    #[arg(long, value_name = "NAME")]
    leaves: Option<String>,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 42)]
    seed: u32,
    /// Priority from -100 to 100; among work waiting for the same devices, the highest goes first
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = priorities())]
    priority: i32,
    /// Further attempts after failures that another attempt may cure
    #[arg(long, default_value_t = 2, value_name = "N")]
    retries: u32,
    /// GPU that the pretraining needs, by a part of its product name
    #[arg(long, value_name = "NAME")]
    gpu_model: Option<String>,
    /// GPU memory that the pretraining needs
    #[arg(long, value_name = "GIB")]
    min_memory: Option<u32>,
    /// Longest time for one attempt, such as 6h
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    walltime: Option<u32>,
    /// Queue the pretraining and return at once, without following it
    #[arg(long)]
    detach: bool,
}

pub(super) async fn run(args: SubmitArgs, client: &Client, output: Output) -> anyhow::Result<ExitCode> {
    let params = parameters(&args.parameters)?;
    let texts = [text(&args.passages)?, text(&args.held_out)?];
    client.backbone(&args.backbone).await?;
    upload::files(client, &texts).await?;
    let [passages, held_out] = texts.map(|local| local.file);
    let spec = DaptSpec {
        name: args.name,
        backbone: args.backbone,
        passages,
        held_out,
        params,
        leaves: args.leaves,
        seed: args.seed,
        retries: args.retries,
        lost_retries: LOST_RETRIES,
        priority: args.priority,
        resources: Resources {
            gpu_model: args.gpu_model,
            min_memory_gib: args.min_memory,
            walltime_s: args.walltime,
        },
    };
    let dapt = client.create_dapt(&spec).await?;
    if args.detach {
        show::state(&dapt, output)?;
        return Ok(ExitCode::SUCCESS);
    }
    watch::to_the_end(client, &dapt.spec.name, output).await
}

/// All parameters: the defaults, overridden by the given ones. So the queued job says everything.
fn parameters(settings: &[String]) -> anyhow::Result<ParamValues> {
    let given = settings.iter().map(|setting| parameter(setting)).collect::<anyhow::Result<Map<_, _>>>()?;
    let params: DaptParameters = serde_json::from_value(Value::Object(given)).context("--set")?;
    params.check()?;
    Ok(serde_json::from_value(serde_json::to_value(params)?)?)
}

fn text(path: &Path) -> anyhow::Result<LocalFile> {
    let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?;
    let local = LocalFile::open(path.to_owned(), name.to_string_lossy().into_owned())?;
    anyhow::ensure!(local.file.bytes > 0, "{} is empty; give one passage a line", path.display());
    Ok(local)
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::Scalar;

    use super::*;

    #[test]
    fn what_is_queued_says_every_parameter_and_a_wrong_one_is_a_sentence() {
        let settings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let params = parameters(&settings(&["steps=9", "lora_targets=qkvo"])).unwrap();
        assert_eq!(params["steps"], Scalar::Int(9));
        assert_eq!(params["lora_targets"], Scalar::Text("qkvo".into()));
        assert_eq!(params["max_length"], Scalar::Int(256), "the defaults are recorded");
        let refused = |text: &str| format!("{:#}", parameters(&settings(&[text])).unwrap_err());
        assert!(refused("step=9").contains("unknown field `step`"), "{}", refused("step=9"));
        assert!(refused("mask_share=2").contains("params.mask_share"), "{}", refused("mask_share=2"));
        assert!(refused("steps").contains("give NAME=VALUE"), "{}", refused("steps"));
    }
}
