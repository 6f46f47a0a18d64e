//! Follows what workers do: asks again and again, outlasts an absent coordinator, and stops at Ctrl-C.
//!
//! Must not know what is followed.

use std::process::ExitCode;
use std::time::Duration;

use pedigree_protocol::client::ClientError;
use serde_json::json;

use crate::output::Output;

const PAUSE: Duration = Duration::from_secs(1);

/// What is followed.
#[derive(Debug)]
pub(crate) struct Followed<'a> {
    /// What people call it.
    pub(crate) noun: &'static str,
    /// The command that follows it again.
    pub(crate) watch: &'static str,
    pub(crate) name: &'a str,
}

/// Waits for the end of what is followed. Ctrl-C stops only the following: there is no end then, but an exit code.
pub(crate) async fn until<T>(
    followed: &Followed<'_>,
    output: Output,
    end: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<Result<T, ExitCode>> {
    tokio::select! {
        end = end => Ok(Ok(end?)),
        signal = tokio::signal::ctrl_c() => {
            signal?;
            let Followed { noun, watch, name } = followed;
            output.note(&format!("\nthe {noun} continues; `{watch} {name}` follows it again"));
            output.document(&json!({ "detached": name }), |_| Ok(()))?;
            Ok(Err(ExitCode::from(130)))
        }
    }
}

/// Asks each second until the answer is the end. Of an absent coordinator it says once that it waits.
pub(crate) async fn poll<T>(
    say: impl Fn(&str),
    mut ask: impl AsyncFnMut() -> Result<Option<T>, ClientError>,
) -> anyhow::Result<T> {
    let mut silent = false;
    loop {
        match ask().await {
            Ok(Some(end)) => return Ok(end),
            Ok(None) => silent = false,
            Err(error) if error.is_transient() => {
                if !std::mem::replace(&mut silent, true) {
                    say(&format!("{error}; waiting"));
                }
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use pedigree_protocol::ErrorCode;
    use pedigree_protocol::error::ApiErrorBody;

    use super::*;

    #[tokio::test]
    async fn an_absent_coordinator_is_told_once_and_a_refusal_ends() {
        let refused =
            |code, message: &str| Err(ClientError::Refused(ApiErrorBody { code, message: message.into() }));
        let answers = [
            refused(ErrorCode::Internal, "no database"),
            refused(ErrorCode::Internal, "no database"),
            refused(ErrorCode::NotFound, "no such study"),
        ];
        let (mut answers, said) = (answers.into_iter(), RefCell::new(Vec::new()));
        let say = |line: &str| said.borrow_mut().push(line.to_owned());
        let end: anyhow::Result<()> = poll(say, async || answers.next().unwrap()).await;
        assert_eq!(end.unwrap_err().to_string(), "no such study");
        assert_eq!(said.into_inner(), ["no database; waiting"]);
    }
}
