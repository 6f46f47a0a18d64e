use std::collections::BTreeMap;

use pedigree_protocol::ErrorCode;
use pedigree_protocol::finals::{FinalData, FinalModel};
use pedigree_protocol::grid::{
    Budget, CellProgress, Grid, GridBackbone, GridDataset, GridFilter, GridFinals, GridSpec, GridState,
    GridSummary, Scope, Selection, StudyTemplate, TestPolicy,
};
use pedigree_protocol::lease::{AttemptEnd, LeaseGrant};
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::{FailureCause, RunKind};
use pedigree_protocol::study::{StudySpec, StudyState};
use sqlx::PgPool;

use crate::grid::{control, create, view};
use crate::seal::open_test;
use crate::testing::{Coordinator, Worker, end, failed, is_code, message, study_spec};
use crate::{reconcile, study};

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn grids_are_listed_in_pages_newest_first(pool: PgPool) {
    let (coordinator, _) = begun(pool, spec(GridFinals::default())).await;
    for name in ["b", "c"] {
        let another = GridSpec { name: name.into(), ..spec(GridFinals::default()) };
        create::create(coordinator.studies(), another, None).await.unwrap();
    }
    let list = async |cursor| {
        let page = PageQuery { limit: Some(2), cursor };
        view::list(coordinator.pool(), &page, &GridFilter::default()).await.unwrap()
    };
    let first = list(None).await;
    let names =
        |page: &Page<GridSummary>| page.items.iter().map(|grid| grid.name.clone()).collect::<Vec<_>>();
    assert_eq!((names(&first), first.total), (vec!["c".to_owned(), "b".to_owned()], Some(3)));
    assert_eq!(names(&list(first.next).await), ["grid"]);
    let ended = GridFilter { state: Some(GridState::Completed) };
    let none = view::list(coordinator.pool(), &PageQuery::default(), &ended).await.unwrap();
    assert_eq!(none.items, []);
}

/// A grid of the dataset `corpus` and of `fsu`, which is not to be had, over two backbones.
fn spec(finals: GridFinals) -> GridSpec {
    let StudySpec { method, metric, parameters, fixed, pruner, transfer, resources, .. } =
        study_spec("template", 1, 1);
    GridSpec {
        name: "grid".into(),
        description: None,
        datasets: vec![
            GridDataset { name: "corpus".into(), ..GridDataset::default() },
            GridDataset {
                name: "fsu".into(),
                unavailable: Some("its licence forbids it".into()),
                ..GridDataset::default()
            },
        ],
        backbones: ["encoder", "other"]
            .map(|name| GridBackbone { name: name.into(), ..GridBackbone::default() })
            .into(),
        study: StudyTemplate {
            method,
            metric,
            parameters,
            fixed,
            pruner,
            transfer,
            trials: 2,
            max_concurrent: 1,
            resources,
            retries: 1,
            lost_retries: 3,
            study_retries: None,
        },
        variants: Vec::new(),
        finals,
        selection: Selection::default(),
        reference: Vec::new(),
        scope: Scope::PerCell,
        priority: 0,
        budget: Budget::default(),
        max_concurrent: None,
        seed: 7,
        sources: BTreeMap::new(),
    }
}

async fn begun(pool: PgPool, spec: GridSpec) -> (Coordinator, Worker) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.add_backbone("other").await.unwrap();
    let worker = coordinator.worker(2).await;
    create::create(coordinator.studies(), spec, None).await.unwrap();
    (coordinator, worker)
}

async fn shown(coordinator: &Coordinator) -> Grid {
    view::get(coordinator.pool(), "grid").await.unwrap()
}

fn cell<'a>(grid: &'a Grid, backbone: &str) -> &'a CellProgress {
    let found = |cell: &&CellProgress| cell.cell.dataset == "corpus" && cell.cell.backbone == backbone;
    grid.cells.iter().find(found).unwrap()
}

/// Does the next run: trials reach 0.5, final runs what their backbone is given.
async fn work(coordinator: &Coordinator, worker: &Worker, finals: [f64; 2]) -> Option<LeaseGrant> {
    let grant = coordinator.claim(worker).await?;
    match grant.kind {
        RunKind::Test => coordinator.test(&grant, 0.4).await,
        RunKind::Final if grant.queue_name.ends_with(".encoder") => {
            coordinator.complete(&grant, finals[0]).await;
        }
        RunKind::Final => coordinator.complete(&grant, finals[1]).await,
        RunKind::Trial | RunKind::Dapt => coordinator.complete(&grant, 0.5).await,
    }
    Some(grant)
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_grid_opens_the_test_split_of_each_datasets_winner_after_the_selection(pool: PgPool) {
    let (coordinator, worker) = begun(pool, spec(GridFinals::default())).await;
    let grid = shown(&coordinator).await;
    assert_eq!((grid.summary.state, grid.summary.cells, grid.summary.holes), (GridState::Searching, 2, 2));
    let hole = grid.cells.iter().find(|cell| cell.cell.dataset == "fsu").unwrap();
    assert_eq!(hole.cell.hole.as_deref(), Some("dataset fsu: its licence forbids it"));
    for done in 1..=6 {
        assert_eq!(shown(&coordinator).await.selections, [], "after {done} runs");
        let grant = work(&coordinator, &worker, [0.4, 0.6]).await.unwrap();
        assert_ne!(grant.kind, RunKind::Test);
        let refused = open_test(&coordinator.app, grant.run_id, grant.attempt).await;
        assert!(refused.is_err(), "nothing opens the split before the selection");
    }
    let grid = shown(&coordinator).await;
    assert_eq!((grid.summary.state, grid.summary.trials_ended), (GridState::Selecting, 4));
    let [selection] = grid.selections.as_slice() else { panic!("{grid:#?}") };
    assert_eq!((selection.study.as_str(), selection.number), ("grid.corpus.other", 1));
    let values: Vec<f64> = selection.candidates.iter().map(|candidate| candidate.value).collect();
    assert_eq!(values, [0.6, 0.4]);
    // The loser ends without a test score.
    let loser = cell(&grid, "encoder").progress.as_ref().unwrap();
    assert_eq!((loser.state, loser.test), (StudyState::Completed, None));
    let grant = work(&coordinator, &worker, [0.0; 2]).await.unwrap();
    assert_eq!((grant.kind, grant.queue_name.as_str()), (RunKind::Test, "grid.corpus.other"));
    let grid = shown(&coordinator).await;
    assert_eq!(grid.summary.state, GridState::Completed);
    assert_eq!(cell(&grid, "other").progress.as_ref().unwrap().test.unwrap().strict, 0.4);
    assert!(work(&coordinator, &worker, [0.0; 2]).await.is_none());
    let ledger = "SELECT count(*) FROM seals WHERE grid_id IS NOT NULL AND selection = 1";
    assert_eq!(sqlx::query_scalar::<_, i64>(ledger).fetch_one(coordinator.pool()).await.unwrap(), 1);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn every_cell_meets_the_test_split_where_the_grid_says_so_and_ties_go_to_the_name(pool: PgPool) {
    let finals = GridFinals { test: TestPolicy::Cells, seeds: 2, ..GridFinals::default() };
    let (coordinator, worker) = begun(pool, spec(finals)).await;
    while work(&coordinator, &worker, [0.5, 0.5]).await.is_some() {}
    let grid = shown(&coordinator).await;
    assert_eq!(grid.summary.state, GridState::Completed);
    assert_eq!(grid.selections[0].study, "grid.corpus.encoder");
    for backbone in ["encoder", "other"] {
        let progress = cell(&grid, backbone).progress.as_ref().unwrap();
        assert_eq!((progress.finals.len(), progress.test.unwrap().models), (2, 2), "{backbone}");
    }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_cell_that_fails_blocks_no_other_and_without_any_the_grid_has_failed(pool: PgPool) {
    let (coordinator, worker) =
        begun(pool, spec(GridFinals { model: FinalModel::BestTrial, ..GridFinals::default() })).await;
    while let Some(grant) = coordinator.claim(&worker).await {
        match (grant.kind, grant.queue_name.as_str()) {
            (RunKind::Test, _) => coordinator.test(&grant, 0.4).await,
            (_, "grid.corpus.other") => {
                coordinator.write(&grant, &failed(FailureCause::Diverged)).await;
            }
            _ => coordinator.complete(&grant, 0.5).await,
        }
    }
    let grid = shown(&coordinator).await;
    assert_eq!(grid.summary.state, GridState::Completed);
    assert_eq!(cell(&grid, "other").progress.as_ref().unwrap().state, StudyState::Failed);
    assert_eq!(grid.selections[0].study, "grid.corpus.encoder");

    let second = GridSpec { name: "second".into(), ..spec(GridFinals::default()) };
    create::create(coordinator.studies(), second, None).await.unwrap();
    while let Some(grant) = coordinator.claim(&worker).await {
        coordinator.write(&grant, &failed(FailureCause::Diverged)).await;
    }
    let grid = view::get(coordinator.pool(), "second").await.unwrap();
    assert_eq!(grid.summary.state, GridState::Failed);
    assert!(grid.summary.failure.unwrap().starts_with("no cell has completed its final runs"));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_grid_can_be_named_again_paused_given_another_priority_and_cancelled(pool: PgPool) {
    let wanted = spec(GridFinals::default());
    let (coordinator, worker) = begun(pool, wanted.clone()).await;
    let studies = coordinator.studies();
    let again = create::create(studies, wanted.clone(), None).await.unwrap();
    assert_eq!(again.summary.id, shown(&coordinator).await.summary.id);
    let other = create::create(studies, GridSpec { seed: 8, ..wanted.clone() }, None).await;
    assert!(is_code(other, ErrorCode::Conflict));
    let shared = GridSpec { scope: Scope::Shared, name: "shared".into(), ..wanted.clone() };
    assert!(message(create::create(studies, shared, None).await).contains("scope: shared"));

    let finals = GridFinals { data: FinalData::TrainDev, ..GridFinals::default() };
    let both = GridSpec { name: "both".into(), ..spec(finals) };
    assert!(message(create::create(studies, both, None).await).starts_with("final.data: train+dev"));

    control::set_hold(studies, "grid", Hold::Finish).await.unwrap();
    assert!(coordinator.claim(&worker).await.is_none());
    let grid = control::prioritise(studies, "grid", 5).await.unwrap();
    assert_eq!((grid.summary.hold, grid.summary.priority), (Hold::Finish, 5));
    assert_eq!(coordinator.study("grid.corpus.encoder").await.priority, 5);
    control::set_hold(studies, "grid", Hold::None).await.unwrap();
    let grant = coordinator.claim(&worker).await.unwrap();
    let grid = control::cancel(studies, "grid").await.unwrap();
    assert_eq!(grid.summary.state, GridState::Cancelled);
    coordinator.write(&grant, &end(AttemptEnd::Cancelled)).await;
    assert!(coordinator.claim(&worker).await.is_none());
    assert!(is_code(control::cancel(studies, "grid").await, ErrorCode::Conflict));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_spent_budget_ends_the_search_and_kills_nothing(pool: PgPool) {
    let budget = Budget { gpu_hours: Some(1.0), kwh: None };
    let (coordinator, worker) = begun(pool, GridSpec { budget, ..spec(GridFinals::default()) }).await;
    let first = coordinator.claim(&worker).await.unwrap();
    coordinator.complete(&first, 0.5).await;
    let long = "UPDATE attempts SET leased_at = leased_at - interval '2 hours'";
    sqlx::query(long).execute(coordinator.pool()).await.unwrap();
    let running = coordinator.claim(&worker).await.unwrap();
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    assert!(shown(&coordinator).await.spent);
    coordinator.complete(&running, 0.6).await;
    while work(&coordinator, &worker, [0.5, 0.6]).await.is_some() {}
    let grid = shown(&coordinator).await;
    assert_eq!(grid.summary.state, GridState::Completed, "{grid:#?}");
    assert!(grid.summary.trials_ended < 4, "{grid:#?}");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_grid_takes_one_share_and_holds_no_more_devices_than_its_limit(pool: PgPool) {
    let wanted = GridSpec { max_concurrent: Some(1), ..spec(GridFinals::default()) };
    let (coordinator, worker) = begun(pool, wanted).await;
    coordinator.create(study_spec("single", 3, 2)).await;
    let first = coordinator.claim(&worker).await.unwrap();
    assert!(first.queue_name.starts_with("grid."), "{}", first.queue_name);
    let second = coordinator.claim_on(&worker, 1).await.unwrap();
    assert_eq!(second.queue_name, "single", "the grid has its share");
    coordinator.complete(&second, 0.5).await;
    study::cancel(coordinator.studies(), "single").await.unwrap();
    assert!(coordinator.claim_on(&worker, 1).await.is_none(), "the grid may hold one device");
    coordinator.complete(&first, 0.5).await;
    assert!(coordinator.claim_on(&worker, 1).await.is_some());
}
