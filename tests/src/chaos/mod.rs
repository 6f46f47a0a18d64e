//! Chaos: a study under faults, and what must hold of it afterwards.
//!
//! [`Schedule`] (a seed's faults) → [`run`] → `arena` (real coordinators, workers and a Postgres cluster, connected by
//! `link`s that can be broken) → `fault` (what each fault does there) → `checker` (what the database says after it all).
//!
//! The same seed gives the same faults at the same times; what the processes make of them is theirs.

mod arena;
pub mod checker;
mod fault;
mod link;
mod postgres;
mod run;
mod schedule;
mod service;
mod study;

pub use arena::{Arena, Rules};
pub use fault::Fault;
pub use link::{Breakage, Link, Upstream};
pub use postgres::Template;
pub use run::{Outcome, run};
pub use schedule::{Schedule, Step};
pub use study::{StudySize, create_grid, create_study, register_content};
