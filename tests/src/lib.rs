//! The harness of the process tests: a real `pedigree up` in a folder of its own, real kills, and waiting for
//! conditions instead of sleeping.
//!
//! Owns how a test finds the binary, the processes and the server. Must not know what a test asserts.

pub mod chaos;
mod corpus;
mod disk;
mod fake_nvml;
pub mod module_circles;
mod processes;
mod served;
mod up;
mod wait;

pub use corpus::{TINY_SWEEP, tiny_study};
pub use disk::SmallDisk;
pub use fake_nvml::FakeNvml;
pub use processes::{children_of, kill_nine, terminate};
pub use served::Served;
pub use up::{Surroundings, Up, binary, built, workspace_root};
pub use wait::wait_for;
