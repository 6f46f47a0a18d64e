//! What a suggestion was computed from.
//!
//! The JSON is flat and grew over time: [`Form`] is its shape, [`Suggested`] groups what belongs together.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::numbers::TrialNumbers;

/// Everything that decided a suggestion, beside the space and the trials themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub struct Suggested {
    /// The sampler that was asked.
    pub sampler: SamplerVersion,
    /// The study's seed.
    pub seed: u64,
    /// Number of the trial.
    pub number: u32,
    /// The study's budget, where it has one.
    pub trials: Option<u32>,
    /// The finished trials that the sampler saw.
    pub finished: TrialNumbers,
    /// The waiting and running trials that it saw.
    pub pending: TrialNumbers,
    /// The trials that it left out, because their parameters do not lie in the space.
    pub skipped: TrialNumbers,
    /// The point comes from the start-up design: too few trials had finished for a model.
    pub startup: bool,
    /// The sampler that `auto` chose.
    pub chosen: Option<Choice>,
    /// What donors contributed, where any were asked.
    pub transfer: Option<Transfer>,
}

/// A sampler and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SamplerVersion {
    /// Its name.
    pub sampler: String,
    /// Its version, which grows with every change of its suggestions.
    pub version: u32,
}

impl fmt::Display for SamplerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}", self.sampler, self.version)
    }
}

/// The sampler that another one chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The chosen one.
    pub sampler: SamplerVersion,
    /// Why, as a clause that follows "because".
    pub why: String,
}

/// What donors contributed to a suggestion.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// The version of the transfer.
    pub version: u32,
    /// The donors that were asked.
    pub donors: Vec<DonorAsked>,
    /// Where the configuration came from; `None` where the sampler drew it.
    pub origin: Option<Origin>,
}

/// A finished study that was asked for what it had learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DonorAsked {
    /// Its name.
    pub study: String,
    /// Its completed trials that lie in the space.
    pub trials: u32,
    /// How far its ranking agreed with this study's, 0 to 1.
    pub weight: f64,
}

/// The donor that a configuration came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SuggestionOrigin)]
pub struct Origin {
    /// The donor's name.
    pub from: String,
    /// `best` for one of its best configurations, `near` for a draw near a good one.
    pub how: String,
}

/// The version of a transfer whose record does not name one: the first did not.
const FIRST_TRANSFER: u32 = 1;

/// How a sampler chose a trial's parameters; enough to compute them again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Form {
    /// Name of the sampler.
    sampler: String,
    /// Version of the sampler.
    version: u32,
    /// The study's seed.
    seed: u64,
    /// Number of the trial.
    number: u32,
    /// The study's budget; absent from the oldest records.
    #[serde(default)]
    trials: Option<u32>,
    /// The finished trials that the sampler saw.
    #[serde(default)]
    finished: TrialNumbers,
    /// The waiting and running trials that it saw.
    #[serde(default)]
    pending: TrialNumbers,
    /// The trials that it left out, because their parameters do not lie in the space.
    #[serde(default)]
    skipped: TrialNumbers,
    /// The point comes from the start-up design: too few trials had finished for a model.
    #[serde(default)]
    startup: bool,
    /// The sampler that `auto` chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chosen: Option<SamplerVersion>,
    /// Why `auto` chose it, as a clause that follows "because".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// The donors that were asked; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    donors: Option<Vec<DonorAsked>>,
    /// The version of the transfer, where donors were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transfer_version: Option<u32>,
    /// Where donors were asked: the one that the configuration came from, or null where the sampler drew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transfer: Option<Option<Origin>>,
}

impl From<Form> for Suggested {
    fn from(form: Form) -> Self {
        let why = form.why.unwrap_or_default();
        let version = form.transfer_version.unwrap_or(FIRST_TRANSFER);
        let origin = form.transfer.flatten();
        Self {
            sampler: SamplerVersion { sampler: form.sampler, version: form.version },
            seed: form.seed,
            number: form.number,
            trials: form.trials,
            finished: form.finished,
            pending: form.pending,
            skipped: form.skipped,
            startup: form.startup,
            chosen: form.chosen.map(|sampler| Choice { sampler, why }),
            transfer: form.donors.map(|donors| Transfer { version, donors, origin }),
        }
    }
}

impl From<Suggested> for Form {
    fn from(suggested: Suggested) -> Self {
        let (chosen, why) = suggested.chosen.map(|choice| (choice.sampler, choice.why)).unzip();
        let (mut donors, mut transfer_version, mut transfer) = (None, None, None);
        if let Some(Transfer { version, donors: asked, origin }) = suggested.transfer {
            (donors, transfer_version, transfer) = (Some(asked), Some(version), Some(origin));
        }
        Self {
            sampler: suggested.sampler.sampler,
            version: suggested.sampler.version,
            seed: suggested.seed,
            number: suggested.number,
            trials: suggested.trials,
            finished: suggested.finished,
            pending: suggested.pending,
            skipped: suggested.skipped,
            startup: suggested.startup,
            chosen,
            why,
            donors,
            transfer_version,
            transfer,
        }
    }
}

impl PartialSchema for Suggested {
    fn schema() -> RefOr<Schema> {
        Form::schema()
    }
}

impl ToSchema for Suggested {
    fn name() -> Cow<'static, str> {
        "SuggestedRecord".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Form::schemas(schemas);
    }
}
