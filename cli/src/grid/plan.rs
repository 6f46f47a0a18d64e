//! `pedigree grid plan`: what a grid consists of, before anything starts. Needs no server.

use std::io::{self, Write};

use pedigree_protocol::finals::FinalModel;
use pedigree_protocol::grid::{GridCounts, GridSpec, TestPolicy};
use pedigree_protocol::study::Transfer;
use serde_json::json;

use super::args::GridArgs;
use super::estimate::{Estimate, Speed};
use super::validate::{write_cells, write_holes};
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    grid: GridArgs,
    #[command(flatten)]
    speed: Speed,
}

pub(super) fn run(args: &PlanArgs, output: Output) -> anyhow::Result<()> {
    let grid = args.grid.read(output)?.spec;
    let (counts, estimate) = (grid.counts(), Estimate::of(&grid, args.speed));
    let order = order(&grid, counts);
    let document = json!({
        "grid": grid.name, "counts": counts, "order": order, "cells": grid.cells(),
        "pretrainings": grid.pretrainings(), "holes": grid.holes(), "estimate": estimate,
    });
    output.document(&document, |screen| write(screen, &grid, &order, &estimate))
}

fn write(screen: &mut dyn Write, grid: &GridSpec, order: &[String], estimate: &Estimate) -> io::Result<()> {
    writeln!(screen, "grid {}, trials of each cell:\n", grid.name)?;
    write_cells(screen, grid)?;
    write_holes(screen, grid)?;
    writeln!(screen, "\norder:")?;
    for (index, step) in order.iter().enumerate() {
        writeln!(screen, "  {}. {step}", index + 1)?;
    }
    writeln!(screen)?;
    estimate.write(screen, grid.counts())
}

/// What follows what, a sentence each.
fn order(grid: &GridSpec, counts: GridCounts) -> Vec<String> {
    let mut steps = Vec::new();
    if counts.pretrainings > 0 {
        let pretrainings = counted(counts.pretrainings, "pretraining");
        steps.push(format!("{pretrainings}; cells that need none search meanwhile"));
    }
    let learning = match grid.study.transfer {
        Transfer::Off => "each from nothing",
        Transfer::Siblings => "cells that others can learn from first",
    };
    let (trials, cells) = (counted(counts.trials, "trial"), counted(counts.cells, "cell"));
    steps.push(format!("{trials} in {cells}, {learning}"));
    steps.push(match grid.finals.model {
        FinalModel::Retrain => {
            let (finals, seeds) =
                (counted(counts.finals, "final"), counted(grid.finals.seeds.into(), "seed"));
            format!("{finals}, {seeds} a cell, as soon as the cell's trials have ended")
        }
        FinalModel::BestTrial => "no finals: the best trial's adapter stands for its cell".to_owned(),
    });
    steps.push(format!("the selection of each dataset's winner by {}", grid.selection.by.as_str()));
    let whose = match grid.finals.test {
        TestPolicy::Winners => "of the winners only",
        TestPolicy::Cells => "of every cell",
    };
    steps.push(format!("{} {whose}", counted(counts.tests, "test")));
    steps
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: PlanArgs,
    }

    /// What the plan of the paper's grid says under these flags.
    fn planned(flags: &str) -> String {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../search-spaces/openmed-grid.yaml");
        let words = ["plan", file].into_iter().chain(flags.split_whitespace());
        let args = Line::parse_from(words).args;
        let grid = args.grid.read(Output::new(false)).unwrap().spec;
        let (order, estimate) = (order(&grid, grid.counts()), Estimate::of(&grid, args.speed));
        let mut screen = Vec::new();
        write(&mut screen, &grid, &order, &estimate).unwrap();
        String::from_utf8(screen).unwrap()
    }

    #[test]
    fn what_nobody_stated_is_marked_as_a_guess() {
        let said = planned("");
        let from = said.find("order:").unwrap();
        insta::assert_snapshot!(&said[from..], @r"
        order:
          1. 1320 trials in 33 cells, each from nothing
          2. 33 finals, 1 seed a cell, as soon as the cell's trials have ended
          3. the selection of each dataset's winner by dev_f1
          4. 11 tests of the winners only

        estimate, partly guessed:
        a training  270 s  (guess: the middle of 3-6 min on an A100, arXiv:2508.01630v1)
        GPUs        1 at a time  (guess: one GPU; give --gpus)
        power       400 W each  (guess: the design power of an A100)
        GPU-hours   101.5
        energy      40.6 kWh
        CO2e        9.82 kg at 242 g/kWh
        ends after  101 h 28 min, if the GPUs are there and nothing fails
        ");
    }

    #[test]
    fn stated_speeds_are_no_guesses() {
        let said = planned("--seconds-per-trial 3600 --gpus 8 --watts 500");
        let from = said.find("estimate").unwrap();
        insta::assert_snapshot!(&said[from..], @r"
        estimate:
        a training  3600 s
        GPUs        8 at a time
        power       500 W each
        GPU-hours   1353.0
        energy      676.5 kWh
        CO2e        163.71 kg at 242 g/kWh
        ends after  169 h 07 min, if the GPUs are there and nothing fails
        ");
    }
}
