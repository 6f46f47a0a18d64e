//! The files of a finished pretraining: the adapter in PEFT's layout, and a new head.

use std::io;
use std::path::Path;

use serde_json::json;

use crate::adapter::files::{CARD, CONFIG, WEIGHTS};
use crate::adapter::head::HEAD;
use crate::backbone::Family;
use crate::json_file::write_json;
use crate::values::{NamedValues, safetensors_file};
use crate::{DaptJob, DaptSummary};

/// What a pretraining has trained.
pub(super) struct TrainedTensors {
    pub(super) branches: NamedValues,
    /// Those of a new head; empty where the backbone has one.
    pub(super) head: NamedValues,
}

/// The class of transformers that the adapter was trained on.
fn class(family: Family) -> String {
    format!("{}ForMaskedLM", family.class_prefix())
}

/// The module of that class.
fn module(family: Family) -> String {
    let name = family.model_type().replace('-', "_");
    format!("transformers.models.{name}.modeling_{name}")
}

/// Writes `adapter/`: what PEFT loads, and `lm_head.safetensors` where a new head was trained.
///
/// # Errors
/// What the file system said.
pub(super) fn write_adapter(
    dir: &Path,
    job: &DaptJob,
    family: Family,
    tensors: &TrainedTensors,
    summary: &DaptSummary,
) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    std::fs::write(dir.join(WEIGHTS), safetensors_file(&tensors.branches)?)?;
    if !tensors.head.is_empty() {
        std::fs::write(dir.join(HEAD), safetensors_file(&tensors.head)?)?;
    }
    let class = class(family);
    let params = &job.params;
    let config = json!({
        "peft_type": "LORA",
        "task_type": null,
        "auto_mapping": { "base_model_class": class, "parent_library": module(family) },
        "base_model_name_or_path": job.setup.base_model(),
        "r": params.lora_r,
        "lora_alpha": params.lora_alpha,
        "lora_dropout": params.lora_dropout,
        "target_modules": family.modules(params.lora_targets),
        "bias": "none",
        "inference_mode": true,
        "fan_in_fan_out": false,
        "use_rslora": false,
    });
    write_json(&dir.join(CONFIG), &config)?;
    std::fs::write(dir.join(CARD), card(job, &class, summary))
}

fn card(job: &DaptJob, class: &str, summary: &DaptSummary) -> String {
    let base = job.setup.backbone_name();
    let head = if summary.head_steps == 0 {
        "The backbone's own masked-LM head was used, frozen.".to_owned()
    } else {
        format!(
            "The backbone has no masked-LM head. The first {} steps, before the first measurement, trained only a new \
             one (`{HEAD}`).",
            summary.head_steps
        )
    };
    format!(
        "---\nlibrary_name: peft\nbase_model: {base}\ntags:\n- lora\n- domain-adaptive-pretraining\n---\n\n\
         # LoRA adapter from domain-adaptive pretraining\n\nTrained by Pedigree on top of `{base}` ({class}) for {} \
         steps of masked-language modelling. {head}\n\n\
         | held-out text | before | after |\n|---|---|---|\n| pseudo-perplexity | {:.3} | {:.3} |\n\
         | bits per character | {:.4} | {:.4} |\n| masked accuracy | {:.4} | {:.4} |\n",
        summary.steps,
        summary.before.pseudo_perplexity,
        summary.after.pseudo_perplexity,
        summary.before.bits_per_character,
        summary.after.bits_per_character,
        summary.before.masked_accuracy,
        summary.after.masked_accuracy,
    )
}
