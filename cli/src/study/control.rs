//! `pedigree study pause`, `resume` and `priority`.

use pedigree_protocol::client::Client;
use pedigree_protocol::study::Study;

use super::state::{held, study_state};
use crate::output::Output;
use crate::queue::{HoldFlags, PriorityArg};

pub(super) async fn pause(
    client: &Client,
    study: &str,
    pause: HoldFlags,
    output: Output,
) -> anyhow::Result<()> {
    say(&client.pause_study(study, pause.into()).await?, output)
}

pub(super) async fn resume(client: &Client, study: &str, output: Output) -> anyhow::Result<()> {
    say(&client.resume_study(study).await?, output)
}

pub(super) async fn prioritise(
    client: &Client,
    study: &str,
    priority: PriorityArg,
    output: Output,
) -> anyhow::Result<()> {
    say(&client.prioritise(study, priority.into()).await?, output)
}

fn say(study: &Study, output: Output) -> anyhow::Result<()> {
    output.document(study, |screen| {
        let (name, state) = (&study.spec.name, study_state(study.state));
        writeln!(screen, "study {name} is {state}{}, priority {}", held(study.hold), study.priority)
    })
}
