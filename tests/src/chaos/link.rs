//! A TCP proxy that can be broken: the wire between two processes.
//!
//! Knows only bytes and connections. In front of several coordinators it also balances: each connection goes to the
//! next one that is ready.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How long a coordinator may take to say that it is ready.
const READY: Duration = Duration::from_secs(2);

/// How a link is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// Every piece arrives late.
    Delay(Duration),
    /// Bytes trickle.
    Slow {
        /// In each direction.
        bytes_per_second: u64,
    },
    /// Connections are reset, new ones too.
    Cut,
    /// Connections stay open and nothing passes; in the end they are reset.
    HalfOpen,
    /// What is asked arrives, what is answered does not; in the end connections are reset.
    AnswersLost,
    /// As half-open, but nobody is ever told: what was open stays silent for good.
    Vanish,
}

/// What a link leads to.
#[derive(Debug, Clone)]
pub enum Upstream {
    /// A Unix socket.
    Unix(PathBuf),
    /// Coordinators that take turns.
    Coordinators(Vec<SocketAddr>),
}

/// What the connections of a link are told.
#[derive(Debug, Clone)]
struct State {
    breakage: Option<Breakage>,
    /// Ends the connections that were made under it.
    connections: CancellationToken,
}

/// A link that listens on a port of its own.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    _task: AbortOnDropHandle<()>,
}

impl Link {
    /// A sound link.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(upstream: Upstream) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = State { breakage: None, connections: CancellationToken::new() };
        let state = Arc::new(watch::Sender::new(state));
        let task = tokio::spawn(accept(listener, upstream, Arc::clone(&state)));
        Ok(Self { address, state, _task: AbortOnDropHandle::new(task) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks it.
    pub fn break_by(&self, breakage: Breakage) {
        self.change(Some(breakage), breakage == Breakage::Cut);
    }

    /// Makes it whole. Connections that have missed something are reset, but for those that are to stay silent.
    pub fn heal(&self) {
        let before = self.state.borrow().breakage;
        self.change(None, matches!(before, Some(Breakage::HalfOpen | Breakage::AnswersLost)));
    }

    fn change(&self, breakage: Option<Breakage>, reset: bool) {
        self.state.send_modify(|state| {
            state.breakage = breakage;
            if reset {
                std::mem::take(&mut state.connections).cancel();
            }
        });
    }
}

async fn accept(listener: TcpListener, upstream: Upstream, state: Arc<watch::Sender<State>>) {
    let turn = Arc::new(AtomicUsize::new(0));
    while let Ok((near, _)) = listener.accept().await {
        let seen = state.subscribe();
        let State { breakage, connections } = state.borrow().clone();
        if breakage == Some(Breakage::Cut) {
            // A refusal: nothing was accepted as far as the other side can tell.
            let _ = near.set_zero_linger();
            continue;
        }
        let (upstream, turn) = (upstream.clone(), Arc::clone(&turn));
        tokio::spawn(connections.run_until_cancelled_owned(async move {
            connect(near, &upstream, &turn, seen).await;
        }));
    }
}

async fn connect(near: TcpStream, upstream: &Upstream, turn: &AtomicUsize, seen: watch::Receiver<State>) {
    let _ = near.set_nodelay(true);
    match upstream {
        Upstream::Unix(path) => {
            if let Ok(far) = UnixStream::connect(path).await {
                pump_both(near, far, seen).await;
            }
        }
        Upstream::Coordinators(addresses) => {
            let first = turn.fetch_add(1, Ordering::Relaxed);
            let in_turn = (0..addresses.len()).map(|offset| addresses[(first + offset) % addresses.len()]);
            for address in in_turn {
                if !is_ready(address).await {
                    continue;
                }
                if let Ok(far) = TcpStream::connect(address).await {
                    let _ = far.set_nodelay(true);
                    return pump_both(near, far, seen).await;
                }
            }
        }
    }
}

/// What a balancer asks: whether a coordinator takes requests.
async fn is_ready(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: balancer\r\nconnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with(b"HTTP/1.1 200 "))
    };
    matches!(timeout(READY, asked).await, Ok(Ok(true)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Asked,
    Answered,
}

async fn pump_both<A, B>(near: A, far: B, seen: watch::Receiver<State>)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (near_in, near_out) = tokio::io::split(near);
    let (far_in, far_out) = tokio::io::split(far);
    // Either side's end ends both: nothing here speaks after it has hung up.
    tokio::select! {
        _ = pump(near_in, far_out, Direction::Asked, seen.clone()) => {}
        _ = pump(far_in, near_out, Direction::Answered, seen) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    direction: Direction,
    mut seen: watch::Receiver<State>,
) -> std::io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        let breakage = seen.borrow_and_update().breakage;
        match (breakage, direction) {
            (None, _) | (Some(Breakage::AnswersLost), Direction::Asked) => {
                to.write_all(&piece[..read]).await?
            }
            (Some(Breakage::Delay(delay)), _) => {
                sleep(delay).await;
                to.write_all(&piece[..read]).await?;
            }
            (Some(Breakage::Slow { bytes_per_second }), _) => {
                trickle(&mut to, &piece[..read], bytes_per_second, &seen).await?;
            }
            (Some(Breakage::AnswersLost), Direction::Answered) => {}
            // The end of the link's trouble resets the connection, or nothing ever does.
            (Some(Breakage::Cut | Breakage::HalfOpen | Breakage::Vanish), _) => std::future::pending().await,
        }
    }
}

/// Ten pieces a second, until the link is faster again.
async fn trickle(
    to: &mut (impl AsyncWrite + Unpin),
    mut bytes: &[u8],
    bytes_per_second: u64,
    seen: &watch::Receiver<State>,
) -> std::io::Result<()> {
    let drop = usize::try_from(bytes_per_second / 10).unwrap_or(usize::MAX).max(1);
    while !bytes.is_empty() && seen.borrow().breakage == Some(Breakage::Slow { bytes_per_second }) {
        let (now, later) = bytes.split_at(drop.min(bytes.len()));
        sleep(Duration::from_millis(100)).await;
        to.write_all(now).await?;
        bytes = later;
    }
    to.write_all(bytes).await
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;
    use tokio::time::Instant;

    use super::*;

    const SOON: Duration = Duration::from_millis(300);
    const PATIENCE: Duration = Duration::from_secs(10);

    /// A server that sends back what it gets, and a link to it.
    async fn echo() -> (Link, tempfile::TempDir, AbortOnDropHandle<()>) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("echo");
        let listener = UnixListener::bind(&socket).unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        let link = Link::start(Upstream::Unix(socket)).await.unwrap();
        (link, folder, AbortOnDropHandle::new(task))
    }

    async fn say(stream: &mut TcpStream, word: &[u8]) -> std::io::Result<Vec<u8>> {
        stream.write_all(word).await?;
        let mut heard = vec![0; word.len()];
        stream.read_exact(&mut heard).await?;
        Ok(heard)
    }

    #[tokio::test]
    async fn each_breakage_does_what_it_is_called() {
        let (link, _folder, _server) = echo().await;
        let mut stream = TcpStream::connect(link.address()).await.unwrap();
        assert_eq!(say(&mut stream, b"sound").await.unwrap(), b"sound");

        link.break_by(Breakage::Delay(Duration::from_millis(100)));
        let began = Instant::now();
        assert_eq!(say(&mut stream, b"late").await.unwrap(), b"late");
        assert!(began.elapsed() >= Duration::from_millis(200), "late in both directions");

        link.break_by(Breakage::Slow { bytes_per_second: 10 });
        let began = Instant::now();
        assert_eq!(say(&mut stream, b"abcd").await.unwrap(), b"abcd");
        assert!(began.elapsed() >= Duration::from_millis(400));

        link.break_by(Breakage::AnswersLost);
        assert!(timeout(SOON, say(&mut stream, b"deaf")).await.is_err());
        link.heal();
        assert!(timeout(PATIENCE, say(&mut stream, b"reset")).await.unwrap().is_err());

        link.break_by(Breakage::Cut);
        let refused = async { say(&mut TcpStream::connect(link.address()).await?, b"cut").await };
        assert!(timeout(PATIENCE, refused).await.unwrap().is_err());
        link.heal();
        let mut stream = TcpStream::connect(link.address()).await.unwrap();
        assert_eq!(say(&mut stream, b"sound").await.unwrap(), b"sound");
    }

    #[tokio::test]
    async fn what_vanished_stays_silent_and_a_half_open_connection_is_reset_in_the_end() {
        let (link, _folder, _server) = echo().await;
        for (breakage, is_reset) in [(Breakage::Vanish, false), (Breakage::HalfOpen, true)] {
            let mut stream = TcpStream::connect(link.address()).await.unwrap();
            say(&mut stream, b"sound").await.unwrap();
            link.break_by(breakage);
            assert!(timeout(SOON, say(&mut stream, b"silence")).await.is_err());
            link.heal();
            let told = timeout(SOON, say(&mut stream, b"still?")).await;
            assert_eq!(told.is_ok(), is_reset, "{breakage:?}: {told:?}");
            assert!(told.is_err() || told.unwrap().is_err());
        }
    }
}
