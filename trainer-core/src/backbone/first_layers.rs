//! The first layers of a backbone, as a backbone of their own.
//!
//! Owns what of the folder is kept: the encoder up to a layer, and the tokenizer. Heads and poolers read the last layer of the
//! whole encoder, so they stay behind; a pretraining begins a new head.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::Device;
use serde_json::{Map, Value, json};

use super::{
    BackboneError, EncoderConfig, TOKENIZER_FILES, TensorShape, Weights, encoder_tensors, read_json,
};
use crate::TrainError;
use crate::json_file::write_json;
use crate::values::{NamedValues, Values, safetensors_file};

/// The key of `config.json` that says how many layers the source had.
pub const LAYERS_OF_SOURCE: &str = "pedigree_layers_of_source";

/// Writes the backbone that the first `layers` layers of `backbone` make into `out`, made when absent. Returns how many layers
/// `backbone` has.
///
/// # Errors
/// A folder that is no backbone, a number of layers that it does not have, or what the file system said.
pub fn write_first_layers(backbone: &Path, layers: usize, out: &Path) -> Result<usize, TrainError> {
    let whole = EncoderConfig::read(backbone)?;
    let held = whole.num_hidden_layers;
    if layers == 0 || layers > held {
        let problem =
            format!("has {held} layers, of which the first {layers} cannot be taken; give 1 to {held}");
        return Err(BackboneError::Malformed { path: backbone.to_owned(), problem }.into());
    }
    let cut = EncoderConfig { num_hidden_layers: layers, ..whole };
    let weights = Weights::open(backbone, cut.family)?;
    let tensors = kept(&cut, &weights)?;
    let settings = settings(backbone, &cut, held)?;
    write(backbone, out, &settings, &tensors).map_err(TrainError::output(out))?;
    Ok(held)
}

/// The tensors of the smaller encoder, by their names inside the encoder.
fn kept(cut: &EncoderConfig, weights: &Weights) -> Result<NamedValues, TrainError> {
    let mut tensors = BTreeMap::new();
    for TensorShape { name, dims } in encoder_tensors(cut) {
        let tensor = weights.get(&name, &dims, &Device::Cpu)?;
        tensors.insert(name, Values::of(&tensor)?);
    }
    Ok(tensors)
}

/// The backbone's `config.json`, for a plain encoder of fewer layers.
fn settings(backbone: &Path, cut: &EncoderConfig, held: usize) -> Result<Map<String, Value>, BackboneError> {
    let mut settings: Map<String, Value> = read_json(&backbone.join("config.json"))?;
    settings.remove("torch_dtype");
    // A folder that is cut twice comes from the first source.
    let held = settings.get(LAYERS_OF_SOURCE).cloned().unwrap_or(json!(held));
    settings.insert(LAYERS_OF_SOURCE.into(), held);
    settings.insert("dtype".into(), json!("float32"));
    settings.insert("architectures".into(), json!([format!("{}Model", cut.family.class_prefix())]));
    settings.insert("num_hidden_layers".into(), json!(cut.num_hidden_layers));
    Ok(settings)
}

fn write(
    backbone: &Path,
    out: &Path,
    settings: &Map<String, Value>,
    tensors: &NamedValues,
) -> std::io::Result<()> {
    std::fs::create_dir_all(out)?;
    write_json(&out.join("config.json"), settings)?;
    std::fs::write(out.join("model.safetensors"), safetensors_file(tensors)?)?;
    for name in TOKENIZER_FILES.into_iter().filter(|name| backbone.join(name).is_file()) {
        std::fs::copy(backbone.join(name), out.join(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::backbone::{Family, RandomEncoder, inspect, write_random};
    use crate::model::{Compute, Packed, Tagger};
    use crate::rng::Seeds;

    fn folder(family: Family) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        let words = ('a'..='z').map(String::from).collect();
        let (hidden, layers, heads, intermediate, max_positions) = (24, 4, 3, 40, 40);
        let spec =
            RandomEncoder { family, hidden, layers, heads, intermediate, max_positions, seed: 3, words };
        write_random(dir.path(), &spec).unwrap();
        dir
    }

    /// The embedding output and the output of each layer.
    fn states(dir: &Path) -> Vec<Vec<f32>> {
        let config = EncoderConfig::read(dir).unwrap();
        let weights = Weights::open(dir, config.family).unwrap();
        let tagger = Tagger::new(&config, &weights, 3, None, &Seeds::root(1), &Compute::cpu()).unwrap();
        let sequences: [Vec<u32>; 2] = [(2..28).collect(), vec![2, 9, 3]];
        let batch = Packed::new(sequences.iter().map(Vec::as_slice), &Compute::cpu()).unwrap();
        let states = tagger.hidden_states(&batch).unwrap();
        states.iter().map(|state| state.flatten_all().unwrap().to_vec1().unwrap()).collect()
    }

    #[test]
    fn outputs_equal_the_whole_encoders_hidden_state_after_that_layer() {
        for family in Family::ALL {
            let (whole, out) = (folder(family), tempfile::tempdir().unwrap());
            let all = states(whole.path());
            for layers in 1..=4 {
                assert_eq!(write_first_layers(whole.path(), layers, out.path()).unwrap(), 4);
                let shape = inspect(out.path()).unwrap();
                assert_eq!(shape.layers, layers, "{family:?}");
                let cut = states(out.path());
                assert_eq!(cut, all[..=layers], "{family:?}: {layers} layers");
                assert_ne!(cut[layers], cut[layers - 1], "{family:?}: layer {layers} does nothing");
            }
            let (before, after) = (inspect(whole.path()).unwrap(), inspect(out.path()).unwrap());
            assert!(after.parameters <= before.parameters && after.vocab == before.vocab);
        }
    }

    #[test]
    fn only_the_kept_layers_are_written_and_the_config_says_of_how_many() {
        let (whole, once, twice) =
            (folder(Family::Bert), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write_first_layers(whole.path(), 3, once.path()).unwrap();
        assert_eq!(write_first_layers(once.path(), 2, twice.path()).unwrap(), 3);
        let bytes = std::fs::read(twice.path().join("model.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert!(file.names().iter().any(|name| name.starts_with("encoder.layer.1.")));
        assert!(file.names().iter().all(|name| !name.contains("layer.2.") && !name.starts_with("cls.")));
        let config: Value = read_json(&twice.path().join("config.json")).unwrap();
        assert_eq!(config["num_hidden_layers"], 2);
        assert_eq!(config[LAYERS_OF_SOURCE], 4, "the first source had four");
        assert_eq!(config["pedigree_random_weights"], true, "what else the file says stays");
        let vocabulary = |dir: &Path| std::fs::read(dir.join("vocab.txt")).unwrap();
        assert_eq!(vocabulary(whole.path()), vocabulary(twice.path()));
    }

    #[test]
    fn no_layer_and_more_layers_than_there_are_are_refused() {
        let (whole, out) = (folder(Family::Electra), tempfile::tempdir().unwrap());
        for layers in [0, 5] {
            let error = write_first_layers(whole.path(), layers, out.path()).unwrap_err().to_string();
            assert!(
                error.ends_with(&format!(
                    "has 4 layers, of which the first {layers} cannot be taken; give 1 to 4"
                )),
                "{error}"
            );
        }
        assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
    }
}
