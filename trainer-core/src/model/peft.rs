//! The names of trained tensors in a PEFT adapter: `base_model.model.MODULE.PATH.lora_A.weight` and so on.

/// The prefix of all names: the model that PEFT wraps.
pub(crate) const OUTER: &str = "base_model.model.";
/// The end of the name of a branch's A.
pub(crate) const LORA_A: &str = ".lora_A.weight";
/// The end of the name of a branch's B.
pub(crate) const LORA_B: &str = ".lora_B.weight";
/// Weight of the tag classifier, `[labels, hidden]`.
pub(crate) const CLASSIFIER_WEIGHT: &str = "base_model.model.classifier.weight";
/// Bias of the tag classifier, `[labels]`.
pub(crate) const CLASSIFIER_BIAS: &str = "base_model.model.classifier.bias";
