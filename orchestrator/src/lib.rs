//! The coordinator: one HTTP API over one Postgres database.
//!
//! A study comes in through [`study`], a pretraining through [`dapt`]. [`propose`] asks the sampler for a study's
//! trials. [`lease`] hands each waiting run to one worker at a time and takes its reports. [`run`] owns the states of
//! runs. [`seal`] opens the test split, to the final run only. [`reconcile`] would reach the same end without any
//! request. [`events`] tells the browser what changed, and [`dashboard`] serves the browser's program. [`router`] puts
//! the routes together.
//!
//! Postgres is the only truth: this crate keeps no state that it could not lose. It must not know how a trainer works.

mod access;
mod advance;
mod app;
mod artifact;
mod backbone;
mod checkpoint;
mod config;
mod dapt;
mod dashboard;
mod database_url;
mod dataset;
pub mod db;
mod durable;
mod enqueued;
#[cfg(test)]
mod enum_types_tests;
mod error;
mod events;
mod extract;
mod fleet;
mod grid;
mod health;
mod lease;
mod leaving;
#[cfg(test)]
mod list_tests;
mod meter;
mod name;
mod openapi;
mod page;
mod propose;
mod queue;
mod reconcile;
mod router;
mod routes;
mod run;
mod seal;
mod serve;
mod study;
mod tasks;
#[cfg(test)]
mod testing;
mod tls;
#[cfg(test)]
mod upgrade_tests;
mod upkeep;
mod wall;

pub use config::{Config, TlsFiles};
pub use openapi::openapi;
pub use serve::{ServeError, serve};
pub use tls::TlsError;
pub use upkeep::diagnosis::{DiagnoseError, diagnose};
