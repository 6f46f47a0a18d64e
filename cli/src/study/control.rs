//! `pedigree study pause`, `resume` and `priority`.

use pedigree_protocol::client::Client;
use pedigree_protocol::study::Study;

use super::named::Named;
use super::state::{held, study_state};
use crate::output::Output;
use crate::queue;

#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    study: Named,
    #[command(flatten)]
    pause: queue::HoldFlags,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PriorityArgs {
    #[command(flatten)]
    study: Named,
    #[command(flatten)]
    priority: queue::PriorityArg,
}

pub(super) async fn pause(client: &Client, args: &PauseArgs, output: Output) -> anyhow::Result<()> {
    say(&client.pause_study(&args.study.study, args.pause.into()).await?, output)
}

pub(super) async fn resume(client: &Client, study: &str, output: Output) -> anyhow::Result<()> {
    say(&client.resume_study(study).await?, output)
}

pub(super) async fn prioritise(client: &Client, args: &PriorityArgs, output: Output) -> anyhow::Result<()> {
    say(&client.prioritise(&args.study.study, args.priority.into()).await?, output)
}

fn say(study: &Study, output: Output) -> anyhow::Result<()> {
    output.document(study, |screen| {
        let (name, state) = (&study.spec.name, study_state(study.state));
        writeln!(screen, "study {name} is {state}{}, priority {}", held(study.hold), study.priority)
    })
}
