//! `pedigree grid show` and `list`.

use std::io::{self, Write};

use pedigree_protocol::client::Client;
use pedigree_protocol::grid::{Grid, GridFilter, GridSummary};
use pedigree_protocol::resources::Hold;

use super::table::{cells, winners};
use crate::listing::Listing;
use crate::output::{Output, duration, table, write_facts, write_table};
use crate::run;

pub(super) async fn list(client: &Client, listing: Listing, output: Output) -> anyhow::Result<()> {
    let page = client.list_grids(&GridFilter::default(), listing.limit).await?;
    let grids = Listing::items(page, output);
    let header = ["grid", "state", "cells", "settled", "holes", "trials", "created"];
    let table = table(&header, &[2, 3, 4, 5], grids.iter().map(row));
    output.document(&grids, |screen| write_table(screen, &table))
}

fn row(grid: &GridSummary) -> Vec<String> {
    vec![
        grid.name.clone(),
        format!("{}{}", grid.state.as_str(), held(grid.hold)),
        format!("{} x {}", grid.datasets, grid.backbones),
        format!("{}/{}", grid.settled, grid.cells),
        grid.holes.to_string(),
        format!("{}/{}", grid.trials_ended, grid.trials),
        grid.created_at.format("%Y-%m-%d %H:%M").to_string(),
    ]
}

pub(super) const fn held(hold: Hold) -> &'static str {
    match hold {
        Hold::None => "",
        Hold::Finish => ", paused (what runs finishes)",
        Hold::Now => ", paused (what runs is handed back)",
    }
}

/// Writes the facts of a grid, its cells, its holes and its winners.
pub(super) fn write(screen: &mut dyn Write, grid: &Grid) -> io::Result<()> {
    write_facts(screen, &facts(grid))?;
    writeln!(screen)?;
    write_table(screen, &cells(grid))?;
    writeln!(screen, "dev F1 of the final runs, or of the best trial so far; * selected")?;
    write_holes(screen, grid)?;
    for cell in &grid.cells {
        if let Some(behind) = cell.progress.as_ref().and_then(|progress| progress.behind.as_ref()) {
            writeln!(screen, "behind: {}: {behind}", cell.cell.study)?;
        }
    }
    if grid.selections.is_empty() {
        return Ok(());
    }
    writeln!(screen)?;
    write_table(screen, &winners(grid))
}

fn write_holes(screen: &mut dyn Write, grid: &Grid) -> io::Result<()> {
    let mut said: Vec<&str> = Vec::new();
    for hole in grid.cells.iter().filter_map(|cell| cell.cell.hole.as_deref()) {
        if !said.contains(&hole) {
            said.push(hole);
            writeln!(screen, "hole: {hole}")?;
        }
    }
    Ok(())
}

fn facts(grid: &Grid) -> Vec<(&'static str, String)> {
    let summary = &grid.summary;
    let took = summary.ended_at.map_or_else(String::new, |end| {
        format!(" after {}", duration((end - summary.created_at).num_seconds()))
    });
    let failure = summary.failure.as_ref().map_or_else(String::new, |failure| format!(": {failure}"));
    let mut facts = vec![
        ("grid", summary.name.clone()),
        ("state", format!("{}{}{took}{failure}", summary.state.as_str(), held(summary.hold))),
        ("cells", format!("{} of {} settled, {} holes", summary.settled, summary.cells, summary.holes)),
        ("trials", format!("{} of {} ended", summary.trials_ended, summary.trials)),
        ("taken", taken(grid)),
    ];
    facts.extend(grid.spent.then(|| ("budget", "spent: nothing more is proposed".to_owned())));
    facts.extend((summary.priority != 0).then(|| ("priority", summary.priority.to_string())));
    facts.extend(summary.owner.clone().map(|owner| ("owner", owner)));
    facts.extend(grid.pretrainings.iter().map(|pretraining| {
        let perplexity = pretraining.summary.as_ref().map_or_else(String::new, |summary| {
            let (before, after) = (summary.before.pseudo_perplexity, summary.after.pseudo_perplexity);
            format!(", pseudo-perplexity {before:.2} -> {after:.2}")
        });
        ("pretraining", format!("{}: {}{perplexity}", pretraining.name, run::state(pretraining.state)))
    }));
    facts
}

fn taken(grid: &Grid) -> String {
    let usage = grid.usage;
    let without = match usage.without_energy {
        0 => String::new(),
        attempts => format!(" ({attempts} attempts without a figure)"),
    };
    format!("{:.2} device-hours, {:.3} kWh{without}", usage.gpu_hours, usage.kwh)
}
