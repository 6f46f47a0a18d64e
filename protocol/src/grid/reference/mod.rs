//! Published scores that a grid's report puts beside ours. The tables are data; this module reads them.
//!
//! They are points without predictions: a comparison with them can have an interval of ours, and no paired test.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A table of published scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceTable {
    /// Its name in grids.
    pub name: String,
    /// Its name in captions.
    pub title: String,
    /// Where it was published.
    pub source: String,
    /// The protocol under which entities are scored, or `unstated`.
    pub protocol: String,
    /// What a reader must know of all its scores.
    pub notes: Vec<String>,
    /// The scores.
    pub scores: Vec<ReferenceScore>,
}

/// A published score: micro-averaged entity F1 on test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceScore {
    /// Name of the dataset, as it is registered here.
    pub dataset: String,
    /// What was measured.
    pub system: String,
    /// F1 in percent, as printed.
    pub f1_percent: f64,
    /// Its backbone, where another source than the table names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone: Option<String>,
    /// The difference that the same table prints, in percentage points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed_delta_pp: Option<f64>,
    /// Why it cannot be compared like for like, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_like_for_like: Vec<String>,
}

static TABLES: LazyLock<Vec<ReferenceTable>> = LazyLock::new(|| {
    let texts =
        [include_str!("openmed.json"), include_str!("openmed-baselines.json"), include_str!("blurb.json")];
    // A test reads every one.
    texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
});

/// Every table.
pub fn tables() -> &'static [ReferenceTable] {
    &TABLES
}

/// The table of that name.
pub fn find(name: &str) -> Option<&'static ReferenceTable> {
    tables().iter().find(|table| table.name == name)
}

impl ReferenceTable {
    /// The scores of a dataset.
    pub fn of<'a>(&'a self, dataset: &'a str) -> impl Iterator<Item = &'a ReferenceScore> {
        self.scores.iter().filter(move |score| score.dataset == dataset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read() {
        let names: Vec<_> = tables().iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["openmed", "openmed-baselines", "blurb"]);
        let rows: Vec<_> = tables().iter().map(|table| table.scores.len()).collect();
        assert_eq!(rows, [12, 11, 25]);
    }

    #[test]
    fn printed_deltas_are_the_differences() {
        let ours = find("openmed").unwrap();
        let mean = ours.scores.iter().map(|s| s.f1_percent).sum::<f64>() / 12.0;
        assert!((mean - 91.75).abs() < 1e-9, "{mean}");
        for baseline in &find("openmed-baselines").unwrap().scores {
            let of_ours = ours.of(&baseline.dataset).next().unwrap();
            let delta = of_ours.f1_percent - baseline.f1_percent;
            assert!((delta - baseline.printed_delta_pp.unwrap()).abs() < 5e-3, "{}", baseline.dataset);
        }
    }

    #[test]
    fn means_over_the_five_corpora_are_the_published_ones() {
        let blurb = find("blurb").unwrap();
        for (system, mean) in [("BioBERT (Gu et al. 2021)", 85.81), ("BioLinkBERT-large", 86.89)] {
            let scores = blurb.scores.iter().filter(|s| s.system == system).map(|s| s.f1_percent);
            assert!((scores.sum::<f64>() / 5.0 - mean).abs() < 5e-3, "{system}");
        }
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let cll = find("openmed-baselines").unwrap().of("cll").next().unwrap();
        assert!(cll.not_like_for_like[0].contains("NERsuite trained on Gellus"), "{cll:?}");
        let jnlpba: Vec<_> = find("blurb").unwrap().of("jnlpba").collect();
        assert!(jnlpba.iter().all(|score| score.not_like_for_like[0].starts_with("One type")));
    }
}
