//! A lease against a coordinator on a real socket, with short lease times.

use pedigree_protocol::StudyId;
use pedigree_protocol::lease::Work;
use pedigree_protocol::objective::ScoringProtocol;
use pedigree_protocol::run::RunKind;
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::scripted_coordinator::{ScriptedCoordinator, ok, refusal};

/// More than any of these takes; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn grant(ttl_ms: u32) -> LeaseGrant {
    LeaseGrant {
        walltime_s: None,
        checkpoint: None,
        run_id: RunId::new(),
        attempt: Attempt(1),
        study_id: StudyId::new(),
        study_name: "a study".into(),
        kind: RunKind::Trial,
        number: Some(1),
        ttl_ms,
        work: Work {
            params: [("learning_rate".to_owned(), pedigree_protocol::Scalar::Float(1e-3))].into(),
            protocol: ScoringProtocol::Strict,
            seed: 1,
            train: "0".repeat(64).parse().unwrap(),
            dev: "1".repeat(64).parse().unwrap(),
            backbone: Vec::new(),
            backbone_name: "minilm".into(),
        },
    }
}

fn reply(outcome: &str, directive: &str, ttl_ms: u32) -> serde_json::Value {
    json!({"outcome": outcome, "directive": directive, "ttl_ms": ttl_ms})
}

fn held(coordinator: &ScriptedCoordinator, ttl_ms: u32) -> Arc<Lease> {
    Lease::new(coordinator.client(), &grant(ttl_ms), Instant::now())
}

#[tokio::test]
async fn silence_costs_nothing_and_the_first_answer_decides() {
    for (answer, lost) in [(reply("won", "continue", 60_000), false), (reply("lost", "stop", 0), true)] {
        let coordinator = ScriptedCoordinator::start(|_| None).await;
        let lease = held(&coordinator, 300);
        let _keeper = AbortOnDropHandle::new(tokio::spawn(keep(Arc::clone(&lease))));
        assert!(
            timeout(Duration::from_millis(600), lease.revoked()).await.is_err(),
            "twice the lease's time"
        );
        assert!(!coordinator.seen().is_empty(), "a renewal was tried");
        coordinator.follow(move |_| ok(&answer));
        let delivery = timeout(PATIENCE, lease.deliver(&AttemptWrite::Start)).await.unwrap();
        assert_eq!(matches!(delivery, Delivery::Lost), lost, "{delivery:?}");
        if lost {
            assert_eq!(timeout(PATIENCE, lease.revoked()).await.unwrap(), Revocation::Lost);
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
        why = lease.revoked() => panic!("revoked: {why:?}"),
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
async fn a_fenced_write_loses_it_and_a_stop_revokes_it() {
    for (answer, expected) in [
        (ok(reply("lost", "stop", 0)), Revocation::Lost),
        (ok(reply("unknown", "stop", 0)), Revocation::Lost),
        (refusal(404, "not_found"), Revocation::Lost),
        (ok(reply("won", "stop", 60_000)), Revocation::Stopped),
        (ok(reply("won", "prune", 60_000)), Revocation::Pruned),
    ] {
        let coordinator = ScriptedCoordinator::start(move |_| answer.clone()).await;
        let lease = held(&coordinator, 60_000);
        lease.deliver(&AttemptWrite::Renew).await;
        assert_eq!(timeout(PATIENCE, lease.revoked()).await.unwrap(), expected);
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
