//! When a service is to stop: Ctrl-C, SIGTERM, or the end of its supervisor.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Resolves when the process is to stop. The signals are caught from this call on. With `supervised` the end of stdin
/// counts too: the supervisor holds the other end of that pipe, however it dies.
pub(crate) fn requested(supervised: bool) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = catch(SignalKind::interrupt())?;
    let mut terminate = catch(SignalKind::terminate())?;
    let orphaned = orphaned(supervised);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = orphaned => tracing::warn!("the supervisor is gone: stopping"),
        }
    })
}

fn catch(kind: SignalKind) -> anyhow::Result<Signal> {
    signal(kind).context("cannot catch signals")
}

async fn orphaned(supervised: bool) {
    if !supervised {
        return std::future::pending().await;
    }
    let (gone, wait) = tokio::sync::oneshot::channel::<()>();
    // A thread of its own: tokio's stdin would hold up the runtime's end until the next line arrives.
    std::thread::spawn(move || {
        // An unreadable stdin ends like a closed one.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        drop(gone);
    });
    // The sender is only ever dropped.
    let _ = wait.await;
}
