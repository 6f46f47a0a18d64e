//! Process tests: the real binary, a real Postgres, real kills. One binary, so that it links once.

mod dependency_rules;
mod determinism;
mod invariants;
mod json_output;
mod kills;
mod restart;
mod seal;
