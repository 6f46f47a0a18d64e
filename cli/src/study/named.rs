//! The study that a command is about.

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Name or id of the study
    pub(crate) study: String,
}
