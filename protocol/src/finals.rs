//! The runs that follow a search: which model stands for the study, how often it is trained, and on what.
//!
//! Owns what may be asked for. Knows nothing of runs, nor of the test split that a final's adapter meets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most seeds of the finals.
pub const MOST_SEEDS: u32 = 50;

/// What follows the search of a study.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Finals {
    /// Which model stands for the study.
    pub model: FinalModel,
    /// Trainings of the best configuration, each with a seed of its own. From 1 to [`MOST_SEEDS`].
    pub seeds: u32,
    /// What they are trained on.
    pub data: FinalData,
    /// How far the finals' mean dev F1 may lie below the best trial's before this is said, in F1 from 0 to 1. Without it,
    /// the spread of the finals' seeds decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
}

impl Default for Finals {
    fn default() -> Self {
        Self { model: FinalModel::Retrain, seeds: 1, data: FinalData::Train, margin: None }
    }
}

/// Which model stands for a study.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FinalModel {
    /// The best configuration is trained once more for each seed.
    #[default]
    Retrain,
    /// The best trial's own adapter.
    BestTrial,
}

impl FinalModel {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Retrain, Self::BestTrial];

    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retrain => "retrain",
            Self::BestTrial => "best_trial",
        }
    }
}

/// What finals are trained on.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, schemars::JsonSchema,
)]
pub enum FinalData {
    /// The train split, as trials; dev chooses the epoch.
    #[default]
    #[serde(rename = "train")]
    Train,
    /// Train and dev together, for as many epochs as were best on dev in the search.
    #[serde(rename = "train+dev")]
    TrainDev,
}

impl FinalData {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Train, Self::TrainDev];

    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::TrainDev => "train+dev",
        }
    }
}

impl Finals {
    /// Refuses what cannot be had.
    ///
    /// # Errors
    /// The key at fault, and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if !(1..=MOST_SEEDS).contains(&self.seeds) {
            return Err(("seeds", format!("{} is out of bounds; give 1 to {MOST_SEEDS}", self.seeds)));
        }
        if let Some(margin) = self.margin.filter(|margin| !(0.0..1.0).contains(margin)) {
            return Err((
                "margin",
                format!("{margin} is no F1; give a number from 0 to below 1, such as 0.01"),
            ));
        }
        match self.model {
            FinalModel::BestTrial if self.seeds > 1 => {
                let message =
                    "the best trial was trained with one seed; write model: retrain, or leave seeds out";
                Err(("seeds", message.to_owned()))
            }
            FinalModel::BestTrial if self.data == FinalData::TrainDev => {
                let message =
                    "the best trial was trained on train only; write model: retrain, or data: train";
                Err(("data", message.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> Option<(&'static str, String)> {
        serde_json::from_str::<Finals>(json).unwrap().check().err()
    }

    #[test]
    fn nothing_asked_for_is_one_training_on_train() {
        let plain: Finals = serde_json::from_str("{}").unwrap();
        assert_eq!(plain, Finals::default());
        assert_eq!((plain.seeds, plain.check()), (1, Ok(())));
        assert!(serde_json::from_str::<Finals>(r#"{"seed": 3}"#).is_err());
    }

    #[test]
    fn one_name_everywhere() {
        for model in FinalModel::ALL {
            assert_eq!(serde_json::to_value(model).unwrap(), model.as_str());
        }
        for data in FinalData::ALL {
            assert_eq!(serde_json::to_value(data).unwrap(), data.as_str());
        }
    }

    #[test]
    fn a_model_that_is_there_already_cannot_be_trained_otherwise() {
        for (json, key) in [
            (r#"{"seeds": 0}"#, "seeds"),
            (r#"{"seeds": 51}"#, "seeds"),
            (r#"{"margin": 1.0}"#, "margin"),
            (r#"{"margin": -0.1}"#, "margin"),
            (r#"{"model": "best_trial", "seeds": 2}"#, "seeds"),
            (r#"{"model": "best_trial", "data": "train+dev"}"#, "data"),
        ] {
            assert_eq!(refused(json).map(|(key, _)| key), Some(key), "{json}");
        }
        assert_eq!(refused(r#"{"model": "best_trial", "margin": 0.01}"#), None);
        assert_eq!(refused(r#"{"seeds": 5, "data": "train+dev"}"#), None);
    }
}
