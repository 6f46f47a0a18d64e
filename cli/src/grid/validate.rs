//! `pedigree grid validate`: checks the file, shows its cells and holes, and asks for its names if a server answers.

use std::io::{self, Write};

use pedigree_protocol::grid::{GridCell, GridSpec};
use serde_json::json;

use super::args::GridArgs;
use super::names;
use crate::connection::Connection;
use crate::output::{Output, table, write_table};
use crate::sweep::is_absent;

pub(super) async fn run(args: &GridArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let grid = args.read(output)?;
    let client = connection.client()?;
    let names = match names::unknown(&client, &grid.spec).await {
        Ok(unknown) if unknown.is_empty() => "known to the server".to_owned(),
        Ok(unknown) => return Err(grid.file.placed(unknown).into()),
        Err(error) if is_absent(&error) => format!("not checked: {} does not answer", client.server()),
        Err(error) => return Err(error),
    };
    let document = json!({
        "file": args.file, "valid": true, "remarks": grid.file.notes().collect::<Vec<_>>(), "names": names,
        "cells": grid.spec.cells(), "holes": grid.spec.holes(), "counts": grid.spec.counts(),
        "texts": grid.texts.iter().map(|text| &text.file).collect::<Vec<_>>(), "read": grid.spec,
    });
    output.document(&document, |screen| {
        writeln!(screen, "{} is right; datasets and backbones: {names}\n", args.file.display())?;
        write_cells(screen, &grid.spec)?;
        write_holes(screen, &grid.spec)
    })
}

/// A table of datasets x backbones: the trials of each cell, by variant.
pub(super) fn write_cells(screen: &mut dyn Write, grid: &GridSpec) -> io::Result<()> {
    let cells = grid.cells();
    let backbones: Vec<_> = grid.backbones.iter().map(|b| b.name.as_str()).collect();
    let header: Vec<_> = std::iter::once("dataset").chain(backbones.iter().copied()).collect();
    let rows = grid.datasets.iter().map(|dataset| {
        let of = |backbone: &str| {
            let here = cells.iter().filter(|c| c.dataset == dataset.name && c.backbone == backbone);
            here.map(|cell| trials(grid, cell)).collect::<Vec<_>>().join(", ")
        };
        std::iter::once(dataset.name.clone()).chain(backbones.iter().map(|b| of(b))).collect()
    });
    write_table(screen, &table(&header, &[], rows))
}

/// What a cell runs, in a few characters.
fn trials(grid: &GridSpec, cell: &GridCell) -> String {
    let count = match (&cell.hole, &cell.pretraining) {
        (Some(_), _) => "-".to_owned(),
        (None, None) => grid.study_spec(cell).trials.to_string(),
        (None, Some(_)) => format!("{} pretrained", grid.study_spec(cell).trials),
    };
    if grid.variants.is_empty() { count } else { format!("{} {count}", cell.variant) }
}

/// What cannot be had, and why.
pub(super) fn write_holes(screen: &mut dyn Write, grid: &GridSpec) -> io::Result<()> {
    let holes = grid.holes();
    if !holes.is_empty() {
        writeln!(screen, "\nnot to be had:")?;
    }
    holes.iter().try_for_each(|hole| writeln!(screen, "  {}: {}", hole.what, hole.reason))
}
