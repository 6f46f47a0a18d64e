//! When a service must stop: on Ctrl-C, on SIGTERM, or when its supervisor is gone.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Resolves when the process must stop. Signals are caught from this call on. With `supervised`, the end of stdin
/// counts too: it closes when the supervisor dies.
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
    // This needs its own thread: tokio's stdin would delay the runtime's end until the next line arrives.
    std::thread::spawn(move || {
        // An unreadable stdin counts as closed.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        drop(gone);
    });
    // The sender is only ever dropped.
    let _ = wait.await;
}
