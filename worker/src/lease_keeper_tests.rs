//! A lease against a coordinator on a real socket, with short lease times.

use serde_json::json;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::scripted_coordinator::{ScriptedCoordinator, grant, ok, refusal};

/// More than any of these takes; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

fn reply(outcome: &str, directive: &str, ttl_ms: u32) -> serde_json::Value {
    json!({"outcome": outcome, "directive": directive, "ttl_ms": ttl_ms})
}

fn held(coordinator: &ScriptedCoordinator, ttl_ms: u32) -> Arc<Lease> {
    Lease::new(coordinator.client(), Arc::default(), &HeldAttempt::from(&grant(ttl_ms)), Instant::now())
}

#[tokio::test]
async fn silence_costs_nothing_and_the_first_answer_decides() {
    for (answer, lost) in [(reply("won", "continue", 60_000), false), (reply("lost", "stop", 0), true)] {
        let coordinator = ScriptedCoordinator::start(|_| None).await;
        let lease = held(&coordinator, 300);
        let _keeper = AbortOnDropHandle::new(tokio::spawn(keep(Arc::clone(&lease))));
        assert!(
            timeout(Duration::from_millis(600), lease.stopped()).await.is_err(),
            "twice the lease's time"
        );
        assert!(!coordinator.seen().is_empty(), "a renewal was tried");
        coordinator.follow(move |_| ok(&answer));
        let delivery = timeout(PATIENCE, lease.deliver(&AttemptWrite::Start)).await.unwrap();
        assert_eq!(matches!(delivery, Delivery::Lost), lost, "{delivery:?}");
        if lost {
            assert_eq!(timeout(PATIENCE, lease.stopped()).await.unwrap(), StopReason::Lost);
            coordinator.follow(|_| ok(reply("won", "continue", 60_000)));
            let delivery = lease.deliver(&AttemptWrite::Renew).await;
            assert!(matches!(delivery, Delivery::Lost), "what is lost stays lost: {delivery:?}");
        }
    }
}

#[tokio::test]
async fn renewals_keep_it_beyond_its_first_time() {
    let coordinator = ScriptedCoordinator::start(|_| ok(reply("won", "continue", 300))).await;
    let lease = held(&coordinator, 300);
    let _keeper = AbortOnDropHandle::new(tokio::spawn(keep(Arc::clone(&lease))));
    let enough = coordinator.until(|seen| seen.len() >= 6);
    tokio::select! {
        () = enough => {}
        why = lease.stopped() => panic!("stopped: {why:?}"),
    }
}

#[tokio::test]
async fn other_writes_spare_the_renewals() {
    let coordinator = ScriptedCoordinator::start(|_| ok(reply("won", "continue", 60_000))).await;
    let lease = held(&coordinator, 600);
    let _keeper = AbortOnDropHandle::new(tokio::spawn(keep(Arc::clone(&lease))));
    assert!(matches!(lease.deliver(&AttemptWrite::Start).await, Delivery::Accepted));
    assert!(timeout(Duration::from_millis(400), coordinator.until(|seen| seen.len() > 1)).await.is_err());
}

#[tokio::test]
async fn a_fenced_write_loses_it_and_a_directive_stops_the_attempt() {
    for (answer, expected) in [
        (ok(reply("lost", "stop", 0)), StopReason::Lost),
        (ok(reply("unknown", "stop", 0)), StopReason::Lost),
        (refusal(404, "not_found"), StopReason::Lost),
        (ok(reply("won", "stop", 60_000)), StopReason::Cancelled),
        (ok(reply("won", "prune", 60_000)), StopReason::Pruned),
        (ok(reply("won", "release", 60_000)), StopReason::Released),
    ] {
        let coordinator = ScriptedCoordinator::start(move |_| answer.clone()).await;
        let lease = held(&coordinator, 60_000);
        lease.deliver(&AttemptWrite::Renew).await;
        assert_eq!(timeout(PATIENCE, lease.stopped()).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_write_is_repeated_until_it_is_answered_but_not_when_it_is_refused() {
    let coordinator = ScriptedCoordinator::start(|_| refusal(503, "internal")).await;
    let lease = held(&coordinator, 60_000);
    let delivered = async {
        coordinator.until(|seen| seen.len() >= 2).await;
        coordinator.follow(|_| ok(reply("won", "continue", 60_000)));
    };
    let (delivery, ()) = tokio::join!(lease.deliver(&AttemptWrite::Start), delivered);
    assert!(matches!(delivery, Delivery::Accepted), "{delivery:?}");
    coordinator.follow(|_| refusal(400, "invalid"));
    let delivery = lease.deliver(&AttemptWrite::Start).await;
    assert!(matches!(delivery, Delivery::Refused(_)), "{delivery:?}");
}
