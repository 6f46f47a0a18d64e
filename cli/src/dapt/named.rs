//! The pretraining that a command is about.

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Name of the pretraining
    pub(crate) name: String,
}
