//! A further coordinator beside that of `pedigree up`, with flags of the test's own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::processes::terminate;
use crate::up::{Up, binary};
use crate::wait::wait_for;

/// A `pedigree serve` on the database of an [`Up`]. Dropping it kills it.
#[derive(Debug)]
pub struct Served {
    /// Where it listens.
    pub url: String,
    child: Child,
}

impl Served {
    /// Starts it with what `flags` adds; `name` is its data folder's.
    ///
    /// # Panics
    /// When it ends without saying where it listens.
    pub fn start(up: &Up, name: &str, flags: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--linger", "0", "--json"]);
        command.env("DATABASE_URL", up.database_url()).env("PEDIGREE_DATA", up.path(name));
        flags(&mut command);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut document = String::new();
        while !document.trim_end().ends_with('}') {
            let read = stdout.read_line(&mut document).expect("text");
            assert!(read > 0, "it ended without saying where it listens");
        }
        let document: Value = serde_json::from_str(&document).expect("one document");
        Self { url: document["url"].as_str().expect("a text").to_owned(), child }
    }

    /// SIGTERM, and the wait for its end.
    pub async fn stop(mut self) -> ExitStatus {
        terminate(self.child.id());
        let ended = || {
            let ended = self.child.try_wait().expect("own child");
            async move { ended }
        };
        wait_for("the coordinator's end", Duration::from_secs(30), ended, Option::is_some)
            .await
            .expect("ended")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
