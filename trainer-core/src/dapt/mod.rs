//! Domain-adaptive pretraining (Gururangan et al. 2020): masked-language modelling on raw text through LoRA branches.
//!
//! text → `sequences` (pieces, packed to the sequence length) → `masks` (drawn again each epoch) → `course` (a new head
//! first where the backbone has none, then the branches) → `outputs`. `held_out` measures before and after. Owns the order
//! of these things. Must not know entities.

mod batches;
mod course;
mod held_out;
mod log_lines;
mod masks;
mod outputs;
mod phase;
mod progress;
mod run;
mod sequences;

pub use run::dapt;
