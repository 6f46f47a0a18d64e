//! Process tests: the real binary, a real Postgres, real kills. One binary, so that it links once.

#![expect(
    clippy::unwrap_used,
    reason = "a test's panic is its report; the lint's own exemption ends at helpers of tests"
)]

mod backup;
mod chaos;
mod commands;
mod complaints;
mod coordinators;
mod dapt;
mod dependency_rules;
mod determinism;
mod fault_table;
mod full_disk;
mod gpus;
mod grid;
mod invariants;
mod json_output;
mod kills;
mod module_circles;
mod pruning;
mod restart;
mod resume;
mod seal;
mod simulation;
mod surroundings;
mod tokens;
mod traces;
mod wire;
