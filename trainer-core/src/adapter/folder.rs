//! Writes the folder of a trained adapter.

use std::io;
use std::path::Path;

use serde_json::json;

use super::card::card;
use super::content::Adapter;
use super::files::{CARD, CONFIG, LABELS, WEIGHTS};
use crate::json_file::write_json;
use crate::values::safetensors_file;
use crate::{LoraScaling, LoraTargets};

/// PEFT's `DUMMY_TARGET_MODULES`: an adapter without branches.
const NO_TARGETS: &str = "dummy-target-modules";

impl Adapter<'_> {
    /// Writes the folder, made when absent.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        std::fs::create_dir_all(dir)?;
        std::fs::write(dir.join(WEIGHTS), safetensors_file(self.tensors)?)?;
        write_json(&dir.join(CONFIG), &self.config())?;
        write_json(&dir.join(LABELS), &self.label_map())?;
        self.start.map_or(Ok(()), |start| start.carry_along(dir))?;
        std::fs::write(dir.join(CARD), card(self))
    }

    fn config(&self) -> serde_json::Value {
        let params = &self.job.params;
        // PEFT's own files have whole alphas; a fraction is legal too.
        let alpha = if params.lora_alpha.fract() == 0.0 {
            json!(params.lora_alpha as i64)
        } else {
            json!(params.lora_alpha)
        };
        json!({
            "peft_type": "LORA",
            "task_type": "TOKEN_CLS",
            // PEFT and `pedigree evaluate` load the backbone from here, unless told otherwise.
            "base_model_name_or_path": self.job.setup.base_model(),
            "r": params.lora_r,
            "lora_alpha": alpha,
            "lora_dropout": params.lora_dropout,
            "target_modules": self.target_modules(),
            "modules_to_save": ["classifier"],
            "bias": "none",
            "inference_mode": true,
            "fan_in_fan_out": false,
            "use_rslora": params.lora_scaling == LoraScaling::Rslora,
        })
    }

    /// PEFT refuses an empty list; for an adapter that has no branches it knows a word of its own.
    fn target_modules(&self) -> serde_json::Value {
        match self.job.params.lora_targets {
            LoraTargets::None => json!(NO_TARGETS),
            targets => json!(self.family.modules(targets)),
        }
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
