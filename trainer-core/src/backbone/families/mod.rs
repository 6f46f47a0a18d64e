//! The families of encoders that can be trained, each as one file of facts.
//!
//! To add one, write its file here and name it in `family.rs`: the compiler then asks for the rest.

pub(super) mod bert;
pub(super) mod deberta_v2;
pub(super) mod electra;
