//! The record that every trial keeps of where its parameters came from: [`Record`] says whether a user gave them or a
//! sampler suggested them, [`Suggested`] holds what a suggestion is computed from, and [`TrialNumbers`] names the trials
//! that it saw.
//!
//! Owns the record's JSON, the old forms included. Must not know how a sampler works or where records are stored.

mod numbers;
mod record;
mod suggested;

pub use numbers::TrialNumbers;
pub use record::{Given, Record, Unreadable};
pub use suggested::{Choice, DonorAsked, Origin, SamplerVersion, Suggested, Transfer};
