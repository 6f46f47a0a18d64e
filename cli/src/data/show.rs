//! Datasets as tables.

use std::io::{self, Write};

use pedigree_protocol::dataset::{Dataset, DatasetSpec, Split};

use crate::connection::Connection;
use crate::listing::Listing;
use crate::output::{Output, table, write_facts, write_table};

pub(super) async fn list(connection: &Connection, listing: Listing, output: Output) -> anyhow::Result<()> {
    let page = connection.client()?.list_datasets(listing.limit).await?;
    let datasets = Listing::items(page, output);
    let header = ["dataset", "train", "dev", "test", "types", "entities in train", "origin"];
    let table = table(&header, &[1, 2, 3, 5], datasets.iter().map(|dataset| row(&dataset.spec)));
    output.document(&datasets, |screen| write_table(screen, &table))
}

fn row(spec: &DatasetSpec) -> Vec<String> {
    let splits = &spec.splits;
    vec![
        spec.name.clone(),
        splits.train.sentences.to_string(),
        splits.dev.sentences.to_string(),
        splits.test.sentences.to_string(),
        spec.entity_types.join(","),
        entities(&splits.train).to_string(),
        origin(spec).to_owned(),
    ]
}

fn entities(split: &Split) -> u64 {
    split.entities.values().sum()
}

fn origin(spec: &DatasetSpec) -> &'static str {
    if spec.synthetic { "SYNTHETIC" } else { "text" }
}

/// Shows a dataset with the counts of its splits.
pub(super) fn write_dataset(screen: &mut dyn Write, dataset: &Dataset) -> io::Result<()> {
    let spec = &dataset.spec;
    let overlap = format!(
        "{} sentences, {} of them longer than five tokens",
        spec.test_in_train, spec.test_in_train_long
    );
    write_facts(
        screen,
        &[
            ("dataset", spec.name.clone()),
            ("origin", format!("{}, {}", origin(spec), spec.source)),
            ("entity types", spec.entity_types.join(", ")),
            ("test in train", overlap),
        ],
    )?;
    writeln!(screen)?;
    let splits = [("train", &spec.splits.train), ("dev", &spec.splits.dev), ("test", &spec.splits.test)];
    let rows = splits.map(|(name, split)| split_row(name, split));
    let header = ["split", "sentences", "tokens", "entities", "longest", "scheme", "sha256"];
    write_table(screen, &table(&header, &[1, 2, 3, 4], rows))?;
    if spec.entity_types.len() < 2 {
        return Ok(());
    }
    writeln!(screen)?;
    let count = |split: &Split, kind: &String| split.entities.get(kind).copied().unwrap_or(0).to_string();
    let rows = spec.entity_types.iter().map(|kind| {
        let counts = splits.map(|(_, split)| count(split, kind));
        std::iter::once(kind.clone()).chain(counts).collect()
    });
    write_table(screen, &table(&["entities", "train", "dev", "test"], &[1, 2, 3], rows))
}

fn split_row(name: &str, split: &Split) -> Vec<String> {
    vec![
        name.to_owned(),
        split.sentences.to_string(),
        split.tokens.to_string(),
        entities(split).to_string(),
        split.longest_sentence.to_string(),
        split.scheme.clone(),
        split.sha256.as_str()[..12].to_owned(),
    ]
}
