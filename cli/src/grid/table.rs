//! A grid as a table: datasets down, backbones (and variants) across.

use comfy_table::Table;
use pedigree_protocol::grid::{CellProgress, Grid, StudyProgress};
use pedigree_protocol::study::StudyState;

use crate::output::table;

/// The best dev F1 of each cell, or how far it has come; winners are marked with `*`.
pub(super) fn cells(grid: &Grid) -> Table {
    let columns = columns(grid);
    let header: Vec<&str> =
        std::iter::once("dataset").chain(columns.iter().map(|c| c.header.as_str())).collect();
    let rows = grid.spec.datasets.iter().map(|dataset| {
        let cells = columns.iter().map(|column| {
            let at = |cell: &&CellProgress| {
                cell.cell.dataset == dataset.name
                    && cell.cell.backbone == column.backbone
                    && cell.cell.variant == column.variant
            };
            grid.cells.iter().find(at).map_or_else(String::new, |cell| show(grid, cell))
        });
        std::iter::once(dataset.name.clone()).chain(cells).collect()
    });
    table(&header, &(1..header.len()).collect::<Vec<_>>(), rows)
}

struct Column {
    header: String,
    backbone: String,
    variant: String,
}

/// Every pair of backbone and variant; the variant is named where there are several.
fn columns(grid: &Grid) -> Vec<Column> {
    let variants = grid.spec.variants();
    let pairs = grid
        .spec
        .backbones
        .iter()
        .flat_map(|backbone| variants.iter().map(move |variant| (backbone, variant)));
    let column =
        |(backbone, variant): (&pedigree_protocol::grid::GridBackbone, &pedigree_protocol::grid::Variant)| {
            let header = match variants.len() {
                1 => backbone.name.clone(),
                _ => format!("{}/{}", backbone.name, variant.name),
            };
            Column { header, backbone: backbone.name.clone(), variant: variant.name.clone() }
        };
    pairs.map(column).collect()
}

fn show(grid: &Grid, cell: &CellProgress) -> String {
    if cell.cell.hole.is_some() {
        return "hole".to_owned();
    }
    let Some(progress) = &cell.progress else { return "to come".to_owned() };
    let won = grid.selections.iter().any(|selection| selection.study_id == progress.id);
    format!("{}{}", state(progress), if won { " *" } else { "" })
}

fn state(progress: &StudyProgress) -> String {
    let trials = &progress.trials;
    let best = progress.best.as_ref().map_or_else(|| "-".to_owned(), |best| format!("{:.4}", best.value));
    match progress.state {
        StudyState::Searching => format!("{best} {}/{}", trials.ended(), progress.budget),
        StudyState::Finishing => format!("{best} final"),
        StudyState::Testing => format!("{best} test"),
        StudyState::Completed => dev(progress).map_or(best, |dev| format!("{dev:.4}")),
        StudyState::Failed => "failed".to_owned(),
        StudyState::Cancelled => "cancelled".to_owned(),
    }
}

/// Mean dev F1 of the final runs.
pub(super) fn dev(progress: &StudyProgress) -> Option<f64> {
    let values: Vec<f64> = progress.finals.iter().filter_map(|run| run.value).collect();
    #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The winner of each dataset with its sealed score.
pub(super) fn winners(grid: &Grid) -> Table {
    let header = ["dataset", "winner", "of", "best trial", "final dev F1", "test strict", "test conlleval"];
    let f1 = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    let rows = grid.selections.iter().map(|selection| {
        let winner = grid.cells.iter().filter_map(|cell| Some((cell, cell.progress.as_ref()?)));
        let winner = winner.into_iter().find(|(_, progress)| progress.id == selection.study_id);
        let name = winner.map_or_else(String::new, |(cell, _)| match grid.spec.variants.len() {
            0 => cell.cell.backbone.clone(),
            _ => format!("{}/{}", cell.cell.backbone, cell.cell.variant),
        });
        let progress = winner.map(|(_, progress)| progress);
        let test = progress.and_then(|progress| progress.test);
        vec![
            selection.dataset.clone(),
            name,
            selection.candidates.len().to_string(),
            f1(progress.and_then(|progress| progress.best.as_ref()).map(|best| best.value)),
            f1(progress.and_then(dev)),
            f1(test.map(|test| test.strict)),
            f1(test.map(|test| test.conlleval)),
        ]
    });
    table(&header, &[2, 3, 4, 5, 6], rows)
}
