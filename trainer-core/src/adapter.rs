//! The trained adapter as a folder that PEFT loads (checked with peft 0.21).
//!
//! Owns the layout: `adapter_config.json`, `adapter_model.safetensors`, `ner_labels.json`, `README.md`. Never a
//! `config.json`: beside an adapter it makes `AutoModel.from_pretrained` look for a whole model.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use crate::TrainJob;
use crate::backbone::Family;
use crate::corpus::LabelSet;

/// A trained tensor: shape and values.
pub(crate) type Trained = (Vec<usize>, Vec<f32>);

/// What goes into the folder.
pub(crate) struct Adapter<'a> {
    pub(crate) job: &'a TrainJob,
    pub(crate) family: Family,
    pub(crate) labels: &'a LabelSet,
    /// By PEFT name.
    pub(crate) tensors: &'a BTreeMap<String, Trained>,
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
        std::fs::write(dir.join("adapter_model.safetensors"), self.weights()?)?;
        std::fs::write(dir.join("adapter_config.json"), pretty(&self.config())?)?;
        std::fs::write(dir.join("ner_labels.json"), pretty(&self.label_map())?)?;
        std::fs::write(dir.join("README.md"), self.card())
    }

    fn weights(&self) -> io::Result<Vec<u8>> {
        let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, (shape, values))| {
                (name, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
            })
            .collect();
        let views = bytes
            .iter()
            .map(|(name, shape, bytes)| {
                Ok((name.as_str(), TensorView::new(Dtype::F32, (*shape).clone(), bytes)?))
            })
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
        let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        views.and_then(|views| safetensors::serialize(views, Some(metadata))).map_err(io::Error::other)
    }

    fn backbone_name(&self) -> String {
        let name = self.job.backbone.file_name().unwrap_or(self.job.backbone.as_os_str());
        name.to_string_lossy().into_owned()
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
            "base_model_name_or_path": self.job.backbone.to_string_lossy(),
            "r": params.lora_r,
            "lora_alpha": alpha,
            "lora_dropout": params.lora_dropout,
            "target_modules": self.family.modules(params.lora_targets),
            "modules_to_save": ["classifier"],
            "bias": "none",
            "inference_mode": true,
            "fan_in_fan_out": false,
            "use_rslora": false,
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

    fn card(&self) -> String {
        let params = &self.job.params;
        let count = self.labels.tags().len();
        format!(
            "---\nlibrary_name: peft\npipeline_tag: token-classification\nbase_model: {base}\ntags:\n- lora\n\
             - named-entity-recognition\nner_labels: {labels:?}\n---\n\n\
             # LoRA adapter for named-entity recognition\n\n\
             Trained by Pedigree on top of `{base}`. Entity types: {types}.\n\n\
             | | |\n|---|---|\n| rank, alpha, dropout | {r}, {alpha}, {dropout} |\n| target modules | {targets} |\n\
             | learning rate, batch, seed | {rate}, {batch}, {seed} |\n| best epoch | {epoch} |\n\
             | dev F1, strict | {strict:.4} |\n| dev F1, conlleval | {conlleval:.4} |\n\n\
             ## Loading\n\n```python\nimport json\nfrom transformers import AutoModelForTokenClassification\n\
             from peft import PeftModel\n\nlabels = json.load(open(\"ner_labels.json\"))\n\
             base = AutoModelForTokenClassification.from_pretrained(BACKBONE, num_labels={count})\n\
             model = PeftModel.from_pretrained(base, ADAPTER)\n```\n\n\
             `AutoPeftModelForTokenClassification.from_pretrained(ADAPTER, num_labels={count})` works too; without\n\
             `num_labels` it fails on the classifier's size, because a plain backbone's configuration has two labels.\n\
             The first piece of a word carries its tag; tags are IOB2, by id in `ner_labels.json`.\n",
            base = self.backbone_name(),
            labels = self.labels.tags(),
            types = self.labels.types().join(", "),
            r = params.lora_r,
            alpha = params.lora_alpha,
            dropout = params.lora_dropout,
            targets = self.family.modules(params.lora_targets).join(", "),
            rate = params.learning_rate,
            batch = params.batch_size,
            seed = self.job.seed,
            epoch = self.best_epoch,
            strict = self.dev_f1.0,
            conlleval = self.dev_f1.1,
        )
    }
}

fn pretty(value: &serde_json::Value) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
