//! `pedigree dapt pause`, `resume` and `priority`.

use std::io::{self, Write};

use pedigree_protocol::client::Client;
use pedigree_protocol::dapt::Dapt;

use crate::output::Output;
use crate::queue::{HoldFlags, PriorityArg};
use crate::run::{held_by, state};

pub(super) async fn pause(
    client: &Client,
    name: &str,
    pause: HoldFlags,
    output: Output,
) -> anyhow::Result<()> {
    say(&client.pause_dapt(name, pause.into()).await?, output)
}

pub(super) async fn resume(client: &Client, name: &str, output: Output) -> anyhow::Result<()> {
    say(&client.resume_dapt(name).await?, output)
}

pub(super) async fn prioritise(
    client: &Client,
    name: &str,
    priority: PriorityArg,
    output: Output,
) -> anyhow::Result<()> {
    say(&client.prioritise_dapt(name, priority.into()).await?, output)
}

fn say(dapt: &Dapt, output: Output) -> anyhow::Result<()> {
    output.document(dapt, |screen| sentence(screen, dapt))
}

fn sentence(screen: &mut dyn Write, dapt: &Dapt) -> io::Result<()> {
    let (name, run) = (&dapt.spec.name, &dapt.run);
    let held = held_by(run, dapt.hold);
    writeln!(screen, "pretraining {name} is {}{held}, priority {}", state(run.state), dapt.priority)
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::resources::Hold;

    use super::*;
    use crate::fixtures;

    #[test]
    fn the_answer_says_state_hold_and_priority() {
        let said = |run_state: &str, hold: Hold| {
            let mut dapt = fixtures::dapt(run_state);
            (dapt.hold, dapt.priority) = (hold, 7);
            let mut screen = Vec::new();
            sentence(&mut screen, &dapt).unwrap();
            String::from_utf8(screen).unwrap()
        };
        assert_eq!(said("waiting", Hold::None), "pretraining adapted is waiting, priority 7\n");
        assert_eq!(said("waiting", Hold::Finish), "pretraining adapted is waiting, paused, priority 7\n");
        let finishing = "pretraining adapted is running, no further attempt until resumed, priority 7\n";
        assert_eq!(said("running", Hold::Finish), finishing);
        assert_eq!(said("running", Hold::Now), "pretraining adapted is running, to be paused, priority 7\n");
    }
}
