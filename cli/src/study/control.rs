//! `pedigree study pause`, `resume` and `priority`.

use pedigree_protocol::client::Client;
use pedigree_protocol::queue::{LEAST_PRIORITY, MOST_PRIORITY, Priority};
use pedigree_protocol::resources::Pause;
use pedigree_protocol::study::Study;

use super::named::Named;
use super::state::{held, study_state};
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    study: Named,
    /// Stop running trials at once and keep their progress, instead of letting them finish
    #[arg(long)]
    now: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PriorityArgs {
    #[command(flatten)]
    study: Named,
    /// Priority from -100 to 100; among studies waiting for the same devices, the highest goes first
    #[arg(allow_negative_numbers = true, value_parser = clap::value_parser!(i32)
        .range(i64::from(LEAST_PRIORITY)..=i64::from(MOST_PRIORITY)))]
    priority: i32,
}

pub(super) async fn pause(client: &Client, args: &PauseArgs, output: Output) -> anyhow::Result<()> {
    say(&client.pause_study(&args.study.study, Pause { now: args.now }).await?, output)
}

pub(super) async fn resume(client: &Client, study: &str, output: Output) -> anyhow::Result<()> {
    say(&client.resume_study(study).await?, output)
}

pub(super) async fn prioritise(client: &Client, args: &PriorityArgs, output: Output) -> anyhow::Result<()> {
    say(&client.prioritise(&args.study.study, Priority { priority: args.priority }).await?, output)
}

fn say(study: &Study, output: Output) -> anyhow::Result<()> {
    output.document(study, |screen| {
        let (name, state) = (&study.spec.name, study_state(study.state));
        writeln!(screen, "study {name} is {state}{}, priority {}", held(study.hold), study.priority)
    })
}
