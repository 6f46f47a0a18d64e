//! Pretrainings: a backbone adapted to raw text by one run, in the queue beside studies.

mod control;
pub(crate) mod create;
pub(crate) mod end;
pub(crate) mod http;
#[cfg(test)]
mod tests;
pub(crate) mod view;
