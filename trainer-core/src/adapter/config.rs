//! `adapter_config.json`, as PEFT writes it.
//!
//! Owns which settings are read, which change nothing in a trained adapter, and that all others are refused. Must not know
//! tensors.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::LoraScaling;
use crate::model::LoraShape;

/// The keys that are used.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    peft_type: String,
    task_type: Option<String>,
    pub(super) r: usize,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    #[serde(default)]
    use_rslora: bool,
    bias: Option<String>,
    modules_to_save: Option<Vec<String>>,
    target_modules: Option<Value>,
    init_lora_weights: Option<Value>,
}

/// The keys of [`Config`].
const READ: [&str; 10] = [
    "peft_type",
    "task_type",
    "r",
    "lora_alpha",
    "lora_dropout",
    "use_rslora",
    "bias",
    "modules_to_save",
    "target_modules",
    "init_lora_weights",
];

/// Keys that say where an adapter comes from, or which layers it is on: its tensors say that too.
const WITHOUT_EFFECT: [&str; 11] = [
    "auto_mapping",
    "base_model_name_or_path",
    "eva_config",
    "exclude_modules",
    "inference_mode",
    "layers_pattern",
    "layers_to_transform",
    "megatron_core",
    "peft_version",
    "qalora_group_size",
    "revision",
];

/// Ways to begin that leave the backbone as it is. PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA change it.
const INITIALISATIONS: [&str; 3] = ["gaussian", "orthogonal", "eva"];

/// The modules that PEFT names for a tagger: models have one of them.
const CLASSIFIERS: [&str; 2] = ["classifier", "score"];

impl Config {
    /// Takes the settings of a file.
    ///
    /// # Errors
    /// The first key that is malformed, or that changes the computation beyond plain LoRA.
    pub(super) fn new(file: Map<String, Value>) -> Result<Self, String> {
        let is_unknown = |key: &str| !READ.contains(&key) && !WITHOUT_EFFECT.contains(&key);
        if let Some((key, _)) = file.iter().find(|(key, value)| is_unknown(key) && !is_off(value)) {
            let why = match key.as_str() {
                "rank_pattern" => ": all branches have rank r",
                "alpha_pattern" => ": all branches have lora_alpha",
                _ => "",
            };
            return Err(format!("{key} is not implemented{why}"));
        }
        let selects = |key: &str| file.get(key).is_some_and(|value| !is_off(value));
        let is_selective = selects("layers_to_transform") || selects("exclude_modules");
        let mut config: Self = serde_json::from_value(file.into()).map_err(|error| error.to_string())?;
        config.check()?;
        if is_selective {
            config.target_modules = None;
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.peft_type != "LORA" {
            return Err("peft_type must be LORA".into());
        }
        if self.r == 0 {
            return Err("r must be at least 1".into());
        }
        if !matches!(self.bias.as_deref(), None | Some("none")) {
            return Err("bias must be \"none\"".into());
        }
        if !matches!(self.task_type.as_deref(), None | Some("TOKEN_CLS" | "FEATURE_EXTRACTION")) {
            let task = self.task_type.as_deref().unwrap_or_default();
            return Err(format!("task_type {task} is not implemented; a tagger's is TOKEN_CLS"));
        }
        let mut saved = self.modules_to_save.iter().flatten();
        if let Some(module) = saved.find(|module| !CLASSIFIERS.contains(&module.as_str())) {
            return Err(format!(
                "modules_to_save names {module}; only a classifier may be trained beside the branches"
            ));
        }
        let keeps_backbone = match &self.init_lora_weights {
            None | Some(Value::Null | Value::Bool(_)) => true,
            Some(Value::String(way)) => INITIALISATIONS.contains(&way.as_str()),
            Some(_) => false,
        };
        match &self.init_lora_weights {
            Some(way) if !keeps_backbone => Err(format!(
                "init_lora_weights {way} changes the backbone's weights, which the file does not hold; save the adapter as \
                 plain LoRA (path_initial_model_for_weight_conversion in PEFT)"
            )),
            _ => Ok(()),
        }
    }

    /// Whether the adapter belongs to a tagger, so that it must have a classifier.
    pub(super) fn is_tagger(&self) -> bool {
        let saves = |module: &String| module == "classifier";
        self.task_type.as_deref() == Some("TOKEN_CLS") || self.modules_to_save.iter().flatten().any(saves)
    }

    /// The layers that have a branch, by the ends of their paths; `None` where the file says it in another way than by a list.
    pub(super) fn targets(&self) -> Option<Vec<&str>> {
        self.target_modules.as_ref()?.as_array()?.iter().map(Value::as_str).collect()
    }

    /// The branches on the layers that `targets` names.
    pub(super) fn shape(&self, targets: crate::LoraTargets) -> LoraShape {
        let Self { r: rank, lora_alpha, lora_dropout: dropout, use_rslora, .. } = *self;
        let scaling = if use_rslora { LoraScaling::Rslora } else { LoraScaling::Standard };
        LoraShape { rank, alpha: scaling.plain_alpha(lora_alpha, rank), dropout, targets }
    }
}

/// Whether a setting is switched off.
fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}
