//! The vocabulary that every part of Pedigree shares: ids, search spaces, states, wire types, and the HTTP client.
//!
//! `search-spaces/*.yaml` → [`sweep`] → [`study::StudySpec`] → sampler → [`run`] → [`lease`] → worker → trainer →
//! [`report`] → store → dashboard. This crate owns the nouns that travel along that line and nothing of what happens
//! to them: it knows no database, no clock, no GPU.

#![warn(missing_docs)]

pub mod access;
pub mod artifact;
pub mod backbone;
#[cfg(feature = "client")]
pub mod client;
pub mod dapt;
pub mod dataset;
mod domain;
pub mod energy;
pub mod error;
pub mod event;
pub mod finals;
pub mod fleet;
pub mod gpu;
pub mod grid;
pub mod id;
pub mod insight;
pub mod lease;
pub mod method;
pub mod name;
pub mod objective;
pub mod page;
pub mod params;
pub mod predictions;
pub mod prior;
pub mod pruner;
pub mod queue;
pub mod replay;
pub mod report;
pub mod resources;
pub mod retry;
pub mod run;
pub mod run_detail;
pub mod seal;
pub mod space;
pub mod study;
pub mod suggestion;
pub mod sweep;
pub mod upkeep;

pub use domain::Domain;
pub use error::{ApiErrorBody, ErrorCode};
pub use id::{
    Attempt, BackboneId, DatasetId, GridId, PretrainingId, QueueId, RunId, StudyId, TokenId, WorkerId,
};
pub use method::Method;
pub use params::{ParamValues, Params, Scalar};
pub use prior::Prior;
pub use space::{Dimension, InvalidSpace, Space};
