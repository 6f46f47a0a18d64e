//! `pedigree study list`.

use pedigree_protocol::client::Client;
use pedigree_protocol::study::{Study, StudyFilter};

use super::state::study_state;
use crate::listing::Listing;
use crate::output::{Output, table, write_table};

pub(super) async fn run(client: &Client, listing: Listing, output: Output) -> anyhow::Result<()> {
    let page = client.list_studies(&StudyFilter::default(), listing.limit).await?;
    let studies = Listing::items(page, output);
    let header = ["study", "state", "dataset", "backbone", "trials", "best dev F1", "test F1", "created"];
    let table = table(&header, &[4, 5, 6], studies.iter().map(row));
    output.document(&studies, |screen| write_table(screen, &table))
}

fn row(study: &Study) -> Vec<String> {
    let share = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    let protocol = study.spec.metric.protocol;
    let test = study.seal.as_ref().and_then(|seal| seal.f1(protocol));
    vec![
        study.spec.name.clone(),
        study_state(study.state).to_owned(),
        format!("{}{}", study.spec.dataset, if study.synthetic { " (SYNTHETIC)" } else { "" }),
        study.spec.backbone.clone(),
        format!("{}/{}", study.trials.ended(), study.spec.trials),
        share(study.best.as_ref().map(|best| best.value)),
        share(test),
        study.created_at.format("%Y-%m-%d %H:%M").to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn a_study_is_a_row_of_the_list() {
        insta::assert_snapshot!(row(&fixtures::study()).join(" | "), @"try | completed | synthetic (SYNTHETIC) | tiny | 3/4 | 0.5333 | - | 2026-01-02 03:04");
    }
}
