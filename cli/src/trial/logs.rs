//! `pedigree trial logs`: the log of a run's newest attempt.

use std::time::Duration;

use anyhow::Context as _;
use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::{ErrorCode, RunId};
use serde_json::json;

use crate::output::Output;

const PAUSE: Duration = Duration::from_millis(500);

/// Prints the log of a run's newest attempt; follows it until the run has ended.
pub(crate) async fn logs(client: &Client, run: RunId, follow: bool, output: Output) -> anyhow::Result<()> {
    let (mut attempt, mut offset, mut text) = (None, 0, String::new());
    // Whether nothing can be added any more to what the next slice begins with.
    let mut ended = !follow;
    loop {
        let slice = match client.log(run, None, offset).await {
            // Nobody has begun yet.
            Err(error) if !ended && error.code() == Some(ErrorCode::NotFound) => {
                ended = has_ended(client, run).await?;
                continue;
            }
            slice => slice?,
        };
        if attempt.replace(slice.attempt).is_some_and(|before| before != slice.attempt) {
            output.note(&format!("attempt {} begins", slice.attempt));
            (offset, text) = (0, String::new());
            continue;
        }
        output.stream(&slice.text)?;
        text.push_str(&slice.text);
        let more = slice.next_offset > offset;
        offset = slice.next_offset;
        match (more, ended) {
            (true, _) => {}
            (false, true) => break,
            (false, false) => ended = has_ended(client, run).await?,
        }
    }
    let attempt = attempt.context("the run has no log yet")?;
    output.document(&json!({ "run": run, "attempt": attempt, "text": text }), |_| Ok(()))
}

/// Whether a run has ended; of one that has not, after a pause.
async fn has_ended(client: &Client, run: RunId) -> Result<bool, ClientError> {
    let ended = client.run(run).await?.run.state.is_final();
    if !ended {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(ended)
}
