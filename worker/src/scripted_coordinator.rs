//! For tests: a coordinator on a real socket. It answers as a function says, and remembers what it was asked.

use std::io;
use std::sync::{Arc, Mutex};

use pedigree_protocol::client::Client;
use pedigree_protocol::lease::{LeaseGrant, Work, WorkJob};
use pedigree_protocol::objective::ScoringProtocol;
use pedigree_protocol::run::RunKind;
use pedigree_protocol::{Attempt, QueueId, RunId, Scalar};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// An answer: status and body.
pub(crate) type Answer = (u16, Vec<u8>);

type Script = dyn Fn(&Asked) -> Option<Answer> + Send + Sync;

/// A coordinator that follows a script. `None` breaks the connection off without an answer.
pub(crate) struct ScriptedCoordinator {
    server: String,
    seen: Arc<watch::Sender<Vec<Asked>>>,
    script: Arc<Mutex<Arc<Script>>>,
    _task: AbortOnDropHandle<()>,
}

impl ScriptedCoordinator {
    pub(crate) async fn start(script: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", script).await
    }

    pub(crate) async fn start_at(
        address: &str,
        script: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(watch::Sender::new(Vec::new()));
        let script: Arc<Mutex<Arc<Script>>> = Arc::new(Mutex::new(Arc::new(script)));
        let task = tokio::spawn(accept(listener, Arc::clone(&seen), Arc::clone(&script)));
        Self { server, seen, script, _task: AbortOnDropHandle::new(task) }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.server, None)
    }

    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// From now on answers by another script.
    pub(crate) fn follow(&self, script: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    pub(crate) fn seen(&self) -> Vec<Asked> {
        self.seen.borrow().clone()
    }

    /// Waits until what was asked so far fulfils a condition.
    pub(crate) async fn until(&self, mut fulfilled: impl FnMut(&[Asked]) -> bool) {
        let mut seen = self.seen.subscribe();
        let waited =
            tokio::time::timeout(std::time::Duration::from_secs(30), seen.wait_for(|seen| fulfilled(seen)))
                .await;
        let timed_out = waited.is_err();
        drop(waited);
        assert!(!timed_out, "not fulfilled by {:#?}", self.seen());
    }
}

/// A trial, leased for so long.
pub(crate) fn grant(ttl_ms: u32) -> LeaseGrant {
    LeaseGrant {
        walltime_s: None,
        checkpoint: None,
        run_id: RunId::new(),
        attempt: Attempt(1),
        queue_id: QueueId::new(),
        queue_name: "a study".into(),
        kind: RunKind::Trial,
        number: Some(1),
        ttl_ms,
        work: Work::Train {
            job: WorkJob {
                params: [("learning_rate".to_owned(), Scalar::Float(1e-3))].into(),
                seed: 1,
                backbone: Vec::new(),
                backbone_name: "minilm".into(),
            },
            protocol: ScoringProtocol::Strict,
            train: "0".repeat(64).parse().unwrap(),
            dev: "1".repeat(64).parse().unwrap(),
        },
    }
}

pub(crate) fn ok(value: impl serde::Serialize) -> Option<Answer> {
    Some((200, serde_json::to_vec(&value).unwrap()))
}

pub(crate) fn refusal(status: u16, code: &str) -> Option<Answer> {
    Some((status, format!(r#"{{"code":"{code}","message":"scripted"}}"#).into_bytes()))
}

async fn accept(
    listener: TcpListener,
    seen: Arc<watch::Sender<Vec<Asked>>>,
    script: Arc<Mutex<Arc<Script>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            while let Ok(Some(asked)) = read(&mut stream).await {
                let script = Arc::clone(&script.lock().unwrap());
                let answer = script(&asked);
                let is_head = asked.method == "HEAD";
                seen.send_modify(|seen| seen.push(asked));
                let Some((status, body)) = answer else { return };
                let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n\r\n", body.len());
                let body = if is_head { Vec::new() } else { body };
                if stream.write_all(&[head.into_bytes(), body].concat()).await.is_err() {
                    return;
                }
            }
        });
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Asked>> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let (method, path) = (method.to_owned(), path.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Asked { method, path, body }))
}
