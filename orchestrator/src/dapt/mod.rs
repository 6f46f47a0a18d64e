//! Domain-adaptive pretrainings: one run each over a backbone and raw text, in the queue beside the runs of studies.

pub(crate) mod create;
pub(crate) mod http;
#[cfg(test)]
mod tests;
pub(crate) mod view;
