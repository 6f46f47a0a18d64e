//! What the folder of a trained adapter is written from. Must not know files.

use super::StartAdapter;
use crate::backbone::Family;
use crate::corpus::LabelSet;
use crate::values::NamedValues;
use crate::{ProtocolScores, TrainJob};

/// What goes into the folder.
pub(crate) struct Adapter<'a> {
    pub(crate) job: &'a TrainJob,
    pub(crate) family: Family,
    pub(crate) labels: &'a LabelSet,
    /// By PEFT name.
    pub(crate) tensors: &'a NamedValues,
    /// The adapter that the training started from.
    pub(crate) start: Option<&'a StartAdapter>,
    pub(crate) best_epoch: usize,
    /// Dev scores of the best epoch.
    pub(crate) dev: ProtocolScores,
}
