//! The trained adapter as a folder that PEFT loads (checked with peft 0.21), and back.
//!
//! Owns the layout: `adapter_config.json`, `adapter_model.safetensors`, `ner_labels.json`, `README.md`, and in `dapt/` the
//! adapter that the training started from. Never a
//! `config.json`: beside an adapter it makes `AutoModel.from_pretrained` look for a whole model.

mod card;
mod merged;
mod saved;
mod start;
#[cfg(test)]
mod tests;

pub use merged::export_merged;
pub(crate) use saved::SavedAdapter;
pub(crate) use start::StartAdapter;
pub use start::check_start;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde_json::json;

use crate::backbone::{Family, Values, safetensors_file};
use crate::corpus::LabelSet;
use crate::{LoraScaling, TrainJob};

/// A trained tensor: shape and values.
pub(crate) type Trained = Values;

const WEIGHTS: &str = "adapter_model.safetensors";
const CONFIG: &str = "adapter_config.json";
const LABELS: &str = "ner_labels.json";

/// What goes into the folder.
pub(crate) struct Adapter<'a> {
    pub(crate) job: &'a TrainJob,
    pub(crate) family: Family,
    pub(crate) labels: &'a LabelSet,
    /// By PEFT name.
    pub(crate) tensors: &'a BTreeMap<String, Trained>,
    /// What the training started from.
    pub(crate) start: Option<&'a StartAdapter>,
    pub(crate) best_epoch: usize,
    /// Dev F1 of the best epoch, strict and conlleval.
    pub(crate) dev_f1: (f64, f64),
}

impl Adapter<'_> {
    /// Writes the folder, made when absent.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        std::fs::create_dir_all(dir)?;
        std::fs::write(dir.join(WEIGHTS), safetensors_file(self.tensors)?)?;
        std::fs::write(dir.join(CONFIG), pretty(&self.config())?)?;
        std::fs::write(dir.join(LABELS), pretty(&self.label_map())?)?;
        self.start.map_or(Ok(()), |start| start.carry_along(dir))?;
        std::fs::write(dir.join("README.md"), self.card())
    }

    fn config(&self) -> serde_json::Value {
        let params = &self.job.params;
        // PEFT's own files have whole alphas; a fraction is legal too.
        let alpha = if params.lora_alpha.fract() == 0.0 {
            json!(params.lora_alpha as i64)
        } else {
            json!(params.lora_alpha)
        };
        // PEFT and `pedigree evaluate` load the backbone from here, unless told otherwise.
        let path = || self.job.backbone.to_string_lossy().into_owned();
        let base = self.job.backbone_name.clone().unwrap_or_else(path);
        json!({
            "peft_type": "LORA",
            "task_type": "TOKEN_CLS",
            "base_model_name_or_path": base,
            "r": params.lora_r,
            "lora_alpha": alpha,
            "lora_dropout": params.lora_dropout,
            "target_modules": self.family.modules(params.lora_targets),
            "modules_to_save": ["classifier"],
            "bias": "none",
            "inference_mode": true,
            "fan_in_fan_out": false,
            "use_rslora": params.lora_scaling == LoraScaling::Rslora,
        })
    }

    fn label_map(&self) -> serde_json::Value {
        let tags = self.labels.tags();
        let by_id: serde_json::Map<_, _> =
            tags.iter().enumerate().map(|(id, tag)| (id.to_string(), json!(tag))).collect();
        let by_label: serde_json::Map<_, _> =
            tags.iter().enumerate().map(|(id, tag)| (tag.clone(), json!(id))).collect();
        json!({
            "scheme": "IOB2",
            "types": self.labels.types(),
            "id2label": by_id,
            "label2id": by_label,
            "max_length": self.job.params.max_length,
            "stride": self.job.params.stride,
        })
    }
}

fn pretty(value: &serde_json::Value) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
