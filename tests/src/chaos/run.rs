//! One schedule from its start to its verdict.

use std::fmt;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::chaos::arena::{Arena, Rules};
use crate::chaos::checker;
use crate::chaos::fault::Fault;
use crate::chaos::postgres::Template;
use crate::chaos::schedule::{Schedule, Step};
use crate::chaos::study::{StudySize, create_grid, create_study, register_content};

/// How long a study may take from the last fault's end, in a machine that does a lot else.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

/// A study whose sampler panics at its second trial.
const FRAIL: &str = "frail";

/// What came of a schedule.
#[derive(Debug)]
pub struct Outcome {
    /// What was tried.
    pub schedule: Schedule,
    /// What is wrong; nothing, if all is well.
    pub violations: Vec<String>,
    /// What could not be tried here.
    pub notes: Vec<String>,
    /// From the study's creation to its end.
    pub took: Duration,
    /// Attempts that the study's runs took.
    pub attempts: i64,
    logs: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let well = if self.violations.is_empty() { "held" } else { "BROKEN" };
        let (seed, steps) = (self.schedule.seed, self.schedule.steps.len());
        writeln!(
            f,
            "seed {seed}: {well} under {steps} faults; {} attempts in {:.1?}",
            self.attempts, self.took
        )?;
        self.notes.iter().try_for_each(|note| writeln!(f, "  {note}"))?;
        if self.violations.is_empty() {
            return Ok(());
        }
        self.violations.iter().try_for_each(|violation| writeln!(f, "  {violation}"))?;
        write!(f, "{}\n{}", self.schedule, self.logs)
    }
}

/// Runs a study under a schedule and judges it.
///
/// # Errors
/// The processes could not be started. What they do afterwards is part of the outcome.
pub async fn run(schedule: Schedule, template: &Template) -> anyhow::Result<Outcome> {
    let small_disk = schedule.steps.iter().any(|step| step.fault == Fault::FillDisk);
    let rules = Rules { skews: schedule.skews, small_disk, ..Rules::default() };
    let mut arena = Arena::start(template, rules).await?;
    arena.until_ready().await?;
    checker::watch(&mut arena.database().await?).await?;
    register_content(&arena.client(0)).await?;
    arena.start_workers(rules).await?;
    create_study(&arena.client(0), "chaos", StudySize::default()).await?;
    create_grid(&arena.client(0), "grid", 2).await?;
    create_study(&arena.client(0), FRAIL, StudySize { trials: 3, max_concurrent: 1, epochs: 1 }).await?;

    let began = Instant::now();
    let mut violations = Vec::new();
    if let Err(error) = suffer(&mut arena, &schedule.steps, began, &mut violations).await {
        violations.push(format!("{error:#}"));
    }
    let attempts = match until_over(&mut arena, &mut violations).await {
        Ok(attempts) => attempts,
        Err(error) => {
            violations.push(format!("the database could not be asked: {error:#}"));
            0
        }
    };
    let took = began.elapsed();
    let (logs, notes) = (arena.logs(), arena.notes().to_vec());
    Ok(Outcome { schedule, violations, notes, took, attempts, logs })
}

/// The beginnings and the ends of all faults, in their order.
async fn suffer(
    arena: &mut Arena,
    steps: &[Step],
    began: Instant,
    violations: &mut Vec<String>,
) -> anyhow::Result<()> {
    let mut moments: Vec<(Duration, bool, Fault)> = Vec::new();
    for step in steps {
        moments.push((step.at, true, step.fault));
        if step.fault.lasts() {
            moments.push((step.at + step.lasts, false, step.fault));
        }
    }
    moments.sort_by_key(|(at, is_beginning, _)| (*at, *is_beginning));
    let mut failed = None;
    for (at, is_beginning, fault) in moments {
        violations.extend(arena.ended_by_themselves()?);
        while began.elapsed() < at {
            sleep(at.saturating_sub(began.elapsed()).min(LOOK)).await;
            violations.extend(arena.ended_by_themselves()?);
        }
        let done = if is_beginning { fault.begin(arena) } else { fault.end(arena).await };
        // Whatever else happens, every fault comes to its end.
        failed = done.err().map(|error| error.context(fault.to_string())).or(failed);
    }
    failed.map_or(Ok(()), Err)
}

/// Waits for the study's end and checks the invariants; answers how many attempts there were.
async fn until_over(arena: &mut Arena, violations: &mut Vec<String>) -> anyhow::Result<i64> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        violations.extend(arena.ended_by_themselves()?);
        // A server that still recovers from what it suffered is waited for like the study.
        match is_over(arena).await {
            Ok(true) => break,
            _ if Instant::now() < deadline => sleep(LOOK).await,
            seen => {
                violations
                    .push(format!("the study has not ended {PATIENCE:?} after the last fault: {seen:?}"));
                break;
            }
        }
    }
    let mut db = arena.database().await?;
    violations.extend(checker::violations(&mut db).await?);
    Ok(sqlx::query_scalar("SELECT count(*) FROM attempts").fetch_one(&mut db).await?)
}

async fn is_over(arena: &Arena) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT bool_and(state IN ('completed', 'failed', 'cancelled'))
             AND NOT EXISTS (SELECT 1 FROM grids WHERE ended_at IS NULL)
             AND NOT EXISTS (SELECT 1 FROM attempts WHERE ended_at IS NULL) FROM studies",
    )
    .fetch_one(&mut arena.database().await?)
    .await
}
