use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::dapt::{DaptReport, DaptSpec, DaptSummary, HeldOutScores};
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, Directive, WriteOutcome};
use pedigree_protocol::resources::Resources;
use pedigree_protocol::retry::LOST_RETRIES;
use pedigree_protocol::run::{FailureCause, RunKind, RunState};
use pedigree_protocol::{ErrorCode, Scalar};
use sqlx::PgPool;

use crate::dapt::{create, view};
use crate::error::ApiResult;
use crate::reconcile;
use crate::testing::{
    Coordinator, TEST, completed, end, failed, is_code, message, report, sha256, study_spec,
};
use crate::{run, study};

const PASSAGES: &[u8] = b"Aspirin was given.\n";
const HELD_OUT: &[u8] = b"Heparin was not.\n";

fn file(name: &str, content: &[u8]) -> ArtifactFile {
    ArtifactFile { name: name.into(), sha256: sha256(content), bytes: 1 }
}

fn spec(name: &str) -> DaptSpec {
    DaptSpec {
        name: name.into(),
        backbone: "encoder".into(),
        passages: file("passages.txt", PASSAGES),
        held_out: file("held-out.txt", HELD_OUT),
        params: [("steps".to_owned(), Scalar::Int(3))].into(),
        seed: 5,
        retries: 1,
        lost_retries: LOST_RETRIES,
        priority: 0,
        resources: Resources::default(),
    }
}

async fn with_text(pool: PgPool) -> Coordinator {
    let coordinator = Coordinator::with_content(pool).await;
    for text in [PASSAGES, HELD_OUT] {
        coordinator.put(text, false).await.unwrap();
    }
    coordinator
}

fn held_out(pseudo_perplexity: f64) -> HeldOutScores {
    HeldOutScores { pseudo_perplexity, bits_per_character: 2.0, masked_accuracy: 0.1, masked: 9 }
}

fn dapt_report(epoch: i32, pseudo_perplexity: f64) -> AttemptWrite {
    let metrics = DaptReport {
        epoch,
        step: 3,
        train_loss: 2.5,
        held_out: held_out(pseudo_perplexity),
        seconds: 1.0,
        tokens_per_second: 10.0,
        peak_memory_bytes: 1,
        carried: false,
    };
    AttemptWrite::DaptReport { metrics: Box::new(metrics) }
}

fn adapted() -> AttemptEnd {
    AttemptEnd::Adapted {
        summary: Box::new(DaptSummary {
            before: held_out(20.0),
            after: held_out(12.0),
            steps: 3,
            head_steps: 0,
            trainable_parameters: 10,
            seconds: 2.0,
            peak_memory_bytes: 1,
        }),
    }
}

async fn place(pool: &PgPool, name: &str) -> (String, bool) {
    let row = sqlx::query_as("SELECT state::text, ended_at IS NOT NULL FROM studies WHERE name = $1");
    row.bind(name).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_pretraining_goes_from_its_texts_to_its_adapter(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    let made = create::create(&pool, spec("adapted"), None).await.unwrap();
    assert_eq!(create::create(&pool, spec("adapted"), None).await.unwrap(), made, "once per name");
    assert_eq!((made.run.kind, made.run.state), (RunKind::Dapt, RunState::Waiting));
    assert!(study::view::list(&pool).await.unwrap().is_empty(), "it is no study");
    let waits = made.waits.unwrap();
    assert!(waits.starts_with("no worker is here"), "{waits}");

    let worker = coordinator.worker(1).await;
    assert_eq!(view::get(&pool, "adapted").await.unwrap().waits, None, "it is about to be given out");
    let grant = coordinator.claim(&worker).await.unwrap();
    assert_eq!((grant.kind, grant.study_name.as_str(), grant.number), (RunKind::Dapt, "adapted", None));
    assert_eq!((&grant.work.train, &grant.work.dev), (&sha256(PASSAGES), &sha256(HELD_OUT)));
    assert_eq!((&grant.work.params, grant.work.seed), (&spec("adapted").params, 5));

    coordinator.write(&grant, &AttemptWrite::Start).await;
    let scores = coordinator.try_write(&grant, &report(1, 0.5)).await;
    assert!(message(scores).contains("reports held-out text"));
    let scores = coordinator.try_write(&grant, &completed(0.5, None)).await;
    assert!(message(scores).contains("it ends as adapted"));
    for (epoch, perplexity) in [(1, 15.0), (1, 15.0), (2, 12.0)] {
        let reply = coordinator.try_write(&grant, &dapt_report(epoch, perplexity)).await.unwrap();
        assert_eq!((reply.outcome, reply.directive), (WriteOutcome::Won, Directive::Continue));
    }
    let adapter = file("adapter/adapter_config.json", b"adapter");
    coordinator.put(b"adapter", false).await.unwrap();
    let end = AttemptWrite::End { end: Box::new(adapted()), artifacts: vec![adapter], energy: None };
    assert_eq!(coordinator.write(&grant, &end).await, WriteOutcome::Won);
    assert_eq!(coordinator.write(&grant, &end).await, WriteOutcome::Won, "said twice, it counts once");

    let done = view::get(&pool, "adapted").await.unwrap();
    assert_eq!((done.run.state, done.run.value, done.run.epochs), (RunState::Completed, Some(12.0), 2));
    assert_eq!(done.summary.unwrap().before, held_out(20.0));
    assert_eq!(done.adapter[0].name, "adapter/adapter_config.json");
    let detail = coordinator.detail(grant.run_id).await;
    assert_eq!((detail.reports.len(), detail.dapt_reports.len()), (0, 2));
    assert_eq!(place(&pool, "adapted").await, ("completed".to_owned(), true));
    assert!(coordinator.claim(&worker).await.is_none());
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_lost_attempt_is_tried_again_and_a_refused_text_is_not(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    create::create(&pool, spec("adapted"), None).await.unwrap();
    let worker = coordinator.worker(1).await;
    let lost = coordinator.claim(&worker).await.unwrap();
    coordinator.let_leases_run_out().await;
    reconcile::expire_leases(&pool).await.unwrap();
    assert_eq!(coordinator.write(&lost, &end(adapted())).await, WriteOutcome::Lost);
    let second = coordinator.claim(&worker).await.unwrap();
    assert_eq!(second.attempt.0, 2);
    coordinator.write(&second, &failed(FailureCause::Crashed)).await;
    coordinator.let_pauses_pass().await;
    let third = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&third, &failed(FailureCause::InvalidInput)).await;
    let attempts = coordinator.detail(third.run_id).await.attempts;
    let consequence = attempts[2].consequence.as_deref();
    assert_eq!(consequence, Some("not tried again: every further attempt would end alike"));
    assert_eq!(view::get(&pool, "adapted").await.unwrap().run.state, RunState::Failed);
    assert_eq!(place(&pool, "adapted").await, ("failed".to_owned(), true));
    assert!(is_code(study::retry::run(&pool, third.run_id).await, ErrorCode::Conflict));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn it_is_cancelled_by_its_run(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    let made = create::create(&pool, spec("waiting"), None).await.unwrap();
    let run = run::control::cancel(&pool, made.run.id).await.unwrap();
    assert_eq!(run.state, RunState::Cancelled);
    assert_eq!(place(&pool, "waiting").await, ("cancelled".to_owned(), true));

    create::create(&pool, spec("live"), None).await.unwrap();
    let worker = coordinator.worker(1).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    run::control::cancel(&pool, grant.run_id).await.unwrap();
    let reply = coordinator.try_write(&grant, &AttemptWrite::Renew).await.unwrap();
    assert_eq!(reply.directive, Directive::Stop);
    // The request that ended it may not have come to its end's end.
    sqlx::query("UPDATE studies SET state = 'finishing', ended_at = NULL WHERE name = 'waiting'")
        .execute(&pool)
        .await
        .unwrap();
    coordinator.write(&grant, &end(AttemptEnd::Cancelled)).await;
    reconcile::pass(&pool, &coordinator.app.store).await.unwrap();
    for name in ["waiting", "live"] {
        assert_eq!(place(&pool, name).await, ("cancelled".to_owned(), true), "{name}");
    }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn what_cannot_be_meant_is_refused(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    let refused = async |spec: DaptSpec| message(create::create(&pool, spec, None).await);
    let same = DaptSpec { held_out: spec("a").passages, ..spec("a") };
    assert!(refused(same).await.starts_with("held_out: is the same text"));
    let sealed = DaptSpec { passages: file("passages.txt", TEST), ..spec("a") };
    assert!(refused(sealed).await.starts_with("passages: is a sealed test split"));
    let missing = DaptSpec { passages: file("passages.txt", b"nowhere"), ..spec("a") };
    assert!(refused(missing).await.contains("has not been uploaded"));
    let unknown = DaptSpec { backbone: "none".into(), ..spec("a") };
    assert!(refused(unknown).await.contains("known: encoder"));
    assert_eq!(
        message(view::get(&pool, "a").await),
        "there is no pretraining \"a\"; no pretraining is registered yet"
    );

    // A trial says nothing of held-out text.
    coordinator.create(study_spec("other", 1, 1)).await;
    let worker = coordinator.worker(1).await;
    let trial = coordinator.claim(&worker).await.unwrap();
    for write in [dapt_report(1, 12.0), end(adapted())] {
        let refused = message(coordinator.try_write(&trial, &write).await);
        assert!(refused.starts_with("only a pretraining"), "{refused}");
    }

    // Names are one space, as both stand in one queue.
    coordinator.create(study_spec("study", 1, 1)).await;
    assert!(refused(spec("study")).await.starts_with("a study is called \"study\" already"));
    create::create(&pool, spec("a"), None).await.unwrap();
    assert!(refused(DaptSpec { seed: 6, ..spec("a") }).await.starts_with("a pretraining is called \"a\""));
    let taken: ApiResult<_> = study::create(&pool, study_spec("a", 1, 1), None).await;
    assert!(message(taken).starts_with("a pretraining is called \"a\" already"));
}
