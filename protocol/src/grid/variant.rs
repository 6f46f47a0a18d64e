//! Variants: named changes of a grid's search.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::template::StudyTemplate;
use crate::domain::Domain;
use crate::method::Method;
use crate::params::{ParamValues, Scalar};
use crate::pruner::Pruner;
use crate::space::{Dimension, Space};
use crate::study::Transfer;

/// Name of the only variant of a grid that has none.
pub const MAIN: &str = "main";

/// The trainer's only parameter without a default.
pub(super) const LEARNING_RATE: &str = "learning_rate";

/// A named change of a grid's search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Name; it ends the names of the variant's studies.
    pub name: String,
    /// Values in place of those under the study's `fixed`. Without search, of searched parameters too.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>)]
    pub fixed: ParamValues,
    /// Whether it starts from pretrained backbones only (true) or from the backbones as they are (false). When absent:
    /// from the pretrained one, where a backbone has a pretraining.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<bool>,
    /// Whether it searches. Without search it is one training: searched parameters have the values of `fixed`, or the
    /// trainer's defaults.
    #[serde(default = "yes")]
    pub search: bool,
    /// Trials in place of the study's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<u32>,
}

const fn yes() -> bool {
    true
}

impl Variant {
    /// A variant without any change.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            fixed: ParamValues::new(),
            pretrained: None,
            search: true,
            trials: None,
        }
    }

    /// The template with the variant's changes.
    pub(super) fn applied(&self, template: &StudyTemplate) -> StudyTemplate {
        let mut changed = template.clone();
        changed.fixed.extend(self.fixed.clone());
        changed.trials = self.trials.unwrap_or(template.trials);
        if self.search { changed } else { without_search(changed) }
    }
}

/// One training: the learning rate is a dimension of one value, since a study searches at least one.
fn without_search(template: StudyTemplate) -> StudyTemplate {
    let mut fixed = template.fixed;
    let rate = fixed.remove(LEARNING_RATE);
    let dimension = Dimension {
        name: LEARNING_RATE.to_owned(),
        domain: Domain::Categorical { values: rate.into_iter().collect() },
        when: std::collections::BTreeMap::new(),
        prior: None,
    };
    // Only a variant without a learning rate has no such space, and `check` refuses it.
    let parameters = Space::new(vec![dimension]).unwrap_or(template.parameters);
    StudyTemplate {
        method: Method::Random,
        parameters,
        fixed,
        pruner: Pruner::None,
        transfer: Transfer::Off,
        trials: 1,
        max_concurrent: 1,
        ..template
    }
}
