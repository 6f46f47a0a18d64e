//! From granted work to the trainer's job file.
//!
//! Owns nothing but the translation: names, defaults and bounds of the hyperparameters are the trainer's.

use std::path::PathBuf;

use pedigree_protocol::Scalar;
use pedigree_protocol::lease::WorkJob;
use pedigree_protocol::objective::ScoringProtocol;
use pedigree_protocol::params::ParamValues;
use pedigree_trainer_core as trainer;
use pedigree_trainer_core::{
    CheckpointPlan, DaptJob, DeviceChoice, MicroBatch, Precision, Setup, TestAccess, TestJob, TrainJob,
    TrainedAdapter,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What the job needs besides the grant.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) train: PathBuf,
    pub(crate) dev: PathBuf,
    pub(crate) backbone: PathBuf,
    pub(crate) out: PathBuf,
    pub(crate) checkpoint: PathBuf,
    pub(crate) threads: usize,
    pub(crate) device: DeviceChoice,
}

impl Surroundings {
    /// What every job says.
    fn setup(&self, work: &WorkJob) -> Setup {
        Setup {
            backbone: self.backbone.clone(),
            backbone_name: Some(work.backbone_name.clone()),
            out: self.out.clone(),
            seed: work.seed.cast_unsigned(),
            threads: Some(self.threads),
            device: self.device,
            precision: Precision::Auto,
            gradient_checkpointing: false,
            checkpoint: CheckpointPlan { file: Some(self.checkpoint.clone()), ..CheckpointPlan::default() },
        }
    }
}

/// The job of a trial or a final run; a sentence where the trainer does not take its parameters.
pub(crate) fn train_job(
    work: &WorkJob,
    protocol: ScoringProtocol,
    here: Surroundings,
) -> Result<TrainJob, String> {
    let setup = here.setup(work);
    let job = TrainJob {
        train: here.train,
        dev: here.dev,
        test: TestAccess::Never,
        start_adapter: None,
        entity_type: None,
        // Splits come in their canonical form, and whoever registered them vouched for the words.
        token_column: Some(1),
        tag_column: None,
        params: parameters("study", &work.params)?,
        objective: match protocol {
            ScoringProtocol::Strict => trainer::ScoringProtocol::Strict,
            ScoringProtocol::Conlleval => trainer::ScoringProtocol::Conlleval,
        },
        // A result from smaller parts is worth more than a trial that ran out of memory.
        micro_batch: MicroBatch::Auto,
        memory_limit: None,
        setup,
    };
    job.check()
        .map_err(|fault| format!("the study's parameters are out of the trainer's bounds: {fault}"))?;
    Ok(job)
}

/// The job of a test run over the models whose adapters lie in these folders, by name.
pub(crate) fn test_job(work: &WorkJob, models: Vec<TrainedAdapter>, here: Surroundings) -> TestJob {
    TestJob { models, setup: here.setup(work), train: here.train, test: None, entity_type: None }
}

/// The job of a pretraining; a sentence where the trainer does not take its parameters.
pub(crate) fn dapt_job(work: &WorkJob, here: Surroundings) -> Result<DaptJob, String> {
    let setup = here.setup(work);
    let job = DaptJob {
        passages: here.train,
        held_out: here.dev,
        params: parameters("pretraining", &work.params)?,
        setup,
    };
    job.check()
        .map_err(|fault| format!("the pretraining's parameters are out of the trainer's bounds: {fault}"))?;
    Ok(job)
}

fn parameters<P: DeserializeOwned>(whose: &str, params: &ParamValues) -> Result<P, String> {
    let object = params.iter().map(|(name, value)| (name.clone(), json(value))).collect();
    serde_json::from_value(Value::Object(object))
        .map_err(|fault| format!("the {whose}'s parameters are not the trainer's: {fault}"))
}

fn json(value: &Scalar) -> Value {
    match value {
        Scalar::Bool(value) => Value::from(*value),
        Scalar::Int(value) => Value::from(*value),
        Scalar::Float(value) => whole(*value).map_or_else(|| Value::from(*value), Value::from),
        Scalar::Text(value) => Value::from(value.as_str()),
    }
}

/// A count that was written `16.0`; the trainer takes a whole number for a rate too.
fn whole(value: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and far below 2^53")]
    (value.fract() == 0.0 && value.abs() < 1e15).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(params: &[(&str, Scalar)]) -> WorkJob {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        WorkJob { params, seed: -1, backbone: Vec::new(), backbone_name: "minilm".into() }
    }

    fn train(params: &[(&str, Scalar)]) -> Result<TrainJob, String> {
        train_job(&work(params), ScoringProtocol::Conlleval, here())
    }

    fn here() -> Surroundings {
        Surroundings {
            train: "train".into(),
            dev: "dev".into(),
            backbone: "backbone".into(),
            out: "out".into(),
            checkpoint: "checkpoint".into(),
            threads: 2,
            device: DeviceChoice::Cpu,
        }
    }

    #[test]
    fn no_training_may_read_the_test_split_and_a_test_run_asks_for_it() {
        let job = train(&[("learning_rate", Scalar::Float(1e-4))]).unwrap();
        assert_eq!(job.setup.backbone_name(), "minilm", "not the name of the cache's folder");
        assert_eq!(job.test, TestAccess::Never);
        assert_eq!(job.objective, trainer::ScoringProtocol::Conlleval);
        assert_eq!(job.setup.seed, u64::MAX);
        let models = vec![TrainedAdapter { name: "1".into(), adapter: "a".into() }];
        let job = test_job(&work(&[]), models, here());
        assert_eq!((job.check(), job.test, job.train), (Ok(()), None, "train".into()));
    }

    #[test]
    fn a_whole_number_is_one_however_it_was_written() {
        let params = [
            ("learning_rate", Scalar::Int(1)),
            ("lora_r", Scalar::Float(8.0)),
            ("lora_targets", Scalar::Text("all-linear".into())),
        ];
        let job = train(&params).unwrap();
        assert_eq!((job.params.learning_rate, job.params.lora_r), (1.0, 8));
    }

    #[test]
    fn a_name_that_the_trainer_does_not_know_is_a_sentence() {
        let params = [("learning_rate", Scalar::Float(1e-4)), ("lora_rank", Scalar::Int(8))];
        let sentence = train(&params).unwrap_err();
        assert!(sentence.contains("unknown field `lora_rank`"), "{sentence}");
    }

    #[test]
    fn a_pretraining_has_its_texts_and_its_own_parameters() {
        let params =
            [("lora_alpha", Scalar::Float(32.0)), ("steps", Scalar::Int(9)), ("pack", Scalar::Bool(false))];
        let job = dapt_job(&work(&params), here()).unwrap();
        assert_eq!((job.passages, job.held_out), ("train".into(), "dev".into()));
        assert_eq!((job.params.steps, job.params.pack, job.params.lora_r), (Some(9), false, 16));
        let other = [("learning_rate", Scalar::Float(1e-4)), ("patience", Scalar::Int(2))];
        let sentence = dapt_job(&work(&other), here()).unwrap_err();
        assert!(sentence.contains("unknown field `patience`"), "{sentence}");
        let sentence = dapt_job(&work(&[("steps", Scalar::Int(0))]), here()).unwrap_err();
        assert!(sentence.contains("params.steps"), "{sentence}");
    }

    #[test]
    fn a_value_out_of_bounds_is_a_sentence() {
        let params = [("learning_rate", Scalar::Float(-1e-4))];
        let sentence = train(&params).unwrap_err();
        assert!(sentence.contains("params.learning_rate"), "{sentence}");
    }
}
