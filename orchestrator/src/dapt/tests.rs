use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::dapt::{DaptReport, DaptSpec, DaptSummary, HeldOutScores};
use pedigree_protocol::lease::Work;
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, Directive, WriteOutcome};
use pedigree_protocol::page::PageQuery;
use pedigree_protocol::queue::LOST_RETRIES;
use pedigree_protocol::resources::{Hold, Resources};
use pedigree_protocol::run::{FailureCause, RunKind, RunState};
use pedigree_protocol::study::{StudyFilter, StudySpec, StudyState};
use pedigree_protocol::{ErrorCode, Scalar};
use sqlx::PgPool;

use crate::dapt::{control, create, view};
use crate::error::ApiResult;
use crate::reconcile;
use crate::testing::{
    Coordinator, TEST, completed, end, failed, is_code, message, report, sha256, study_spec,
};
use crate::{backbone, dapt, run, study};

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
        leaves: None,
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

async fn is_open(pool: &PgPool, name: &str) -> bool {
    let open = sqlx::query_scalar("SELECT open FROM queue WHERE name = $1");
    open.bind(name).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_pretraining_goes_from_its_texts_to_its_adapter(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    let made = create::create(&pool, spec("adapted"), None).await.unwrap();
    assert_eq!(create::create(&pool, spec("adapted"), None).await.unwrap(), made, "once per name");
    assert_eq!((made.run.kind, made.run.state), (RunKind::Dapt, RunState::Waiting));
    assert!(
        study::view::list(&pool, &PageQuery::default(), &StudyFilter::default())
            .await
            .unwrap()
            .items
            .is_empty(),
        "it is no study"
    );
    let waits = made.waits.unwrap();
    assert!(waits.starts_with("no worker is here"), "{waits}");

    let worker = coordinator.worker(1).await;
    assert_eq!(view::get(&pool, "adapted").await.unwrap().waits, None, "it is about to be given out");
    let grant = coordinator.claim(&worker).await.unwrap();
    assert_eq!((grant.kind, grant.queue_name.as_str(), grant.number), (RunKind::Dapt, "adapted", None));
    let Work::Adapt { job, passages, held_out: measured } = &grant.work else {
        panic!("{:?}", grant.work);
    };
    assert_eq!((passages, measured), (&sha256(PASSAGES), &sha256(HELD_OUT)));
    assert_eq!((&job.params, job.seed), (&spec("adapted").params, 5));

    coordinator.write(&grant, &AttemptWrite::Start).await;
    let scores = coordinator.try_write(&grant, &report(1, 0.5)).await;
    assert!(message(scores).contains("reports held-out text"));
    let scores = coordinator.try_write(&grant, &completed(0.5)).await;
    assert!(message(scores).contains("a pretraining trains no tags"));
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
    assert_eq!((detail.training(), detail.pretraining().unwrap().reports.len()), (None, 2));
    assert!(!is_open(&pool, "adapted").await);
    assert!(coordinator.claim(&worker).await.is_none());
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_lost_attempt_is_tried_again_and_a_refused_text_is_not(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    create::create(&pool, spec("adapted"), None).await.unwrap();
    let worker = coordinator.worker(1).await;
    let lost = coordinator.claim(&worker).await.unwrap();
    coordinator.let_leases_run_out().await;
    reconcile::expire_leases(coordinator.studies()).await.unwrap();
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
    assert!(!is_open(&pool, "adapted").await);
    assert!(is_code(study::retry::run(coordinator.studies(), third.run_id).await, ErrorCode::Conflict));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn it_is_cancelled_by_its_run(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    let made = create::create(&pool, spec("waiting"), None).await.unwrap();
    let run = run::control::cancel(coordinator.studies(), made.run.id).await.unwrap();
    assert_eq!(run.state, RunState::Cancelled);
    assert!(!is_open(&pool, "waiting").await);

    create::create(&pool, spec("live"), None).await.unwrap();
    let worker = coordinator.worker(1).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    run::control::cancel(coordinator.studies(), grant.run_id).await.unwrap();
    let reply = coordinator.try_write(&grant, &AttemptWrite::Renew).await.unwrap();
    assert_eq!(reply.directive, Directive::Stop);
    // The request that ended it may not have come to its end's end.
    sqlx::query("UPDATE queue SET open = true WHERE name = 'waiting'").execute(&pool).await.unwrap();
    coordinator.write(&grant, &end(AttemptEnd::Cancelled)).await;
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    for name in ["waiting", "live"] {
        assert!(!is_open(&pool, name).await, "{name}");
    }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn it_is_paused_resumed_and_given_another_priority(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    create::create(&pool, spec("first"), None).await.unwrap();
    create::create(&pool, spec("second"), None).await.unwrap();
    let worker = coordinator.worker(1).await;
    let paused = control::set_hold(&pool, "first", Hold::Finish).await.unwrap();
    assert_eq!(paused.waits.as_deref(), Some("it is paused; `pedigree dapt resume` lets it go on"));
    let before = coordinator.claim(&worker).await.unwrap();
    assert_eq!(before.queue_name, "second");
    let reply = coordinator.try_write(&before, &AttemptWrite::Renew).await.unwrap();
    assert_eq!(reply.directive, Directive::Continue);
    control::set_hold(&pool, "second", Hold::Now).await.unwrap();
    let reply = coordinator.try_write(&before, &AttemptWrite::Renew).await.unwrap();
    assert_eq!(reply.directive, Directive::Release);
    coordinator.write(&before, &end(AttemptEnd::Released)).await;

    for name in ["first", "second"] {
        assert_eq!(control::set_hold(&pool, name, Hold::None).await.unwrap().hold, Hold::None);
    }
    assert_eq!(control::prioritise(&pool, "second", 3).await.unwrap().priority, 3);
    assert!(message(control::prioritise(&pool, "second", 101).await).contains("out of bounds"));
    let grant = coordinator.claim(&worker).await.unwrap();
    assert_eq!(grant.queue_name, "second");
    coordinator.write(&grant, &end(adapted())).await;
    assert!(message(control::set_hold(&pool, "second", Hold::Now).await).ends_with("has ended already"));
}

/// The study's specification with a backbone of that name.
fn study_on(name: &str, backbone: &str) -> StudySpec {
    StudySpec { backbone: backbone.into(), ..study_spec(name, 1, 1) }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_study_is_queued_for_the_backbone_that_a_pretraining_will_leave(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    let leaving = DaptSpec { leaves: Some("encoder-adapted".into()), ..spec("adapting") };
    create::create(&pool, leaving.clone(), None).await.unwrap();
    let waiting = coordinator.create(study_on("early", "encoder-adapted")).await;
    let waits = waiting.waits.unwrap();
    assert!(waits.starts_with("the pretraining adapting has to end first"), "{waits}");
    let again = DaptSpec { name: "other".into(), ..leaving };
    assert!(message(create::create(&pool, again, None).await).contains("exists already, or is promised"));
    assert!(
        message(coordinator.add_backbone("encoder-adapted").await)
            .contains("pretraining \"adapting\" has promised a backbone")
    );

    let worker = coordinator.worker(2).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    assert_eq!(grant.queue_name, "adapting");
    assert!(coordinator.claim_on(&worker, 1).await.is_none(), "the study waits for its backbone");
    for content in [&b"config"[..], b"weights"] {
        coordinator.put(content, false).await.unwrap();
    }
    let artifacts = vec![
        file("adapter/adapter_config.json", b"config"),
        file("adapter/adapter_model.safetensors", b"weights"),
        file("adapter/README.md", b"config"),
    ];
    let end = AttemptWrite::End { end: Box::new(adapted()), artifacts, energy: None };
    assert_eq!(coordinator.write(&grant, &end).await, WriteOutcome::Won);

    let left = backbone::sql::get(&pool, "encoder-adapted").await.unwrap().spec;
    let names: Vec<&str> = left.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["config.json", "dapt/adapter_config.json", "dapt/adapter_model.safetensors"]);
    assert_eq!(left.start_adapter.unwrap().source, "pedigree dapt adapting");
    let trial = coordinator.claim(&worker).await.unwrap();
    assert_eq!(
        (trial.queue_name.as_str(), trial.work.job().backbone_name.as_str()),
        ("early", "encoder-adapted")
    );
    // The same by hand, under another name.
    let same = dapt::end::register(&pool, "adapting", "by-hand").await.unwrap().spec;
    assert_eq!((same.files, same.sha256), (left.files, left.sha256));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_study_fails_with_a_sentence_when_its_backbone_will_never_be_there(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    let leaving = DaptSpec { leaves: Some("never".into()), ..spec("adapting") };
    let made = create::create(&pool, leaving, None).await.unwrap();
    coordinator.create(study_on("early", "never")).await;
    run::control::cancel(coordinator.studies(), made.run.id).await.unwrap();
    coordinator.upkeep().await;
    let failed = coordinator.study("early").await;
    let why = "the pretraining adapting has ended and left no backbone";
    assert_eq!((failed.state, failed.failure.as_deref()), (StudyState::Failed, Some(why)));
    let again = coordinator.create(study_on("early", "never")).await;
    assert_eq!(again.id, failed.id, "the same study, though its backbone is promised no more");
    assert!(message(backbone::sql::get(&pool, "never").await).starts_with("there is no backbone"));
    let free = DaptSpec { leaves: Some("never".into()), ..spec("second") };
    create::create(&pool, free, None).await.unwrap();
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_pretraining_that_completes_without_an_adapter_ends_and_takes_only_its_studies_along(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    let leaving = DaptSpec { leaves: Some("never".into()), ..spec("adapting") };
    create::create(&pool, leaving, None).await.unwrap();
    let worker = coordinator.worker(1).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.create(study_on("early", "never")).await;
    coordinator.create(study_spec("other", 1, 1)).await;
    coordinator.write(&grant, &end(adapted())).await;
    coordinator.upkeep().await;
    let failed = coordinator.study("early").await;
    let why = "the pretraining adapting has ended and left no backbone";
    assert_eq!((failed.state, failed.failure.as_deref()), (StudyState::Failed, Some(why)));
    assert_eq!(view::get(&pool, "adapting").await.unwrap().run.state, RunState::Completed);
    assert!(!is_open(&pool, "adapting").await);
    assert_eq!(coordinator.claim(&worker).await.unwrap().queue_name, "other");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn resuming_it_resumes_its_run(pool: PgPool) {
    let coordinator = with_text(pool.clone()).await;
    let made = create::create(&pool, spec("adapting"), None).await.unwrap();
    run::control::set_paused(&pool, made.run.id, true).await.unwrap();
    let waits = view::get(&pool, "adapting").await.unwrap().waits.unwrap();
    assert_eq!(waits, "its waiting runs are paused; `pedigree dapt resume` lets each go on");
    control::set_hold(&pool, "adapting", Hold::None).await.unwrap();
    let worker = coordinator.worker(1).await;
    assert_eq!(coordinator.claim(&worker).await.unwrap().run_id, made.run.id);
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
    assert!(refused(spec("study")).await.starts_with("the name \"study\" belongs to a study already"));
    create::create(&pool, spec("a"), None).await.unwrap();
    assert!(
        refused(DaptSpec { seed: 6, ..spec("a") })
            .await
            .starts_with("the name \"a\" belongs to a pretraining already")
    );
    let taken: ApiResult<_> = study::create(coordinator.studies(), study_spec("a", 1, 1), None).await;
    assert!(message(taken).starts_with("the name \"a\" belongs to a pretraining already"));
}
