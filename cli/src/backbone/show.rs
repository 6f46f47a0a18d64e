//! Backbones as tables.

use std::io::{self, Write};

use pedigree_protocol::backbone::{Backbone, BackboneSpec};

use crate::connection::Connection;
use crate::listing::Listing;
use crate::output::{Output, bytes, table, write_facts, write_table};

pub(super) async fn list(connection: &Connection, listing: Listing, output: Output) -> anyhow::Result<()> {
    let page = connection.client()?.list_backbones(listing.limit).await?;
    let backbones = Listing::items(page, output);
    let header = ["backbone", "family", "parameters", "hidden", "layers", "weights", "source"];
    let table = table(&header, &[2, 3, 4], backbones.iter().map(|backbone| row(&backbone.spec)));
    output.document(&backbones, |screen| write_table(screen, &table))
}

fn row(spec: &BackboneSpec) -> Vec<String> {
    vec![
        spec.name.clone(),
        spec.family.clone(),
        millions(spec.shape.parameters),
        spec.shape.hidden.to_string(),
        spec.shape.layers.to_string(),
        weights(spec).to_owned(),
        source(spec),
    ]
}

fn millions(parameters: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
    let millions = parameters as f64 / 1e6;
    format!("{millions:.2} M")
}

fn weights(spec: &BackboneSpec) -> &'static str {
    if spec.random_weights { "RANDOM" } else { "pretrained" }
}

fn source(spec: &BackboneSpec) -> String {
    spec.revision
        .as_ref()
        .map_or_else(|| spec.source.clone(), |revision| format!("{}@{revision}", spec.source))
}

/// Which layers of the source it has.
fn layers_of(spec: &BackboneSpec) -> String {
    spec.layers_of_source.map_or_else(
        || "all of the source".to_owned(),
        |held| format!("the first {} of the source's {held}", spec.shape.layers),
    )
}

/// Shows a backbone with its files.
pub(super) fn write_backbone(screen: &mut dyn Write, backbone: &Backbone) -> io::Result<()> {
    let (spec, shape) = (&backbone.spec, &backbone.spec.shape);
    let size = format!(
        "{} layers, {} wide, {} heads, {} feed-forward; {} pieces, {} positions",
        shape.layers, shape.hidden, shape.heads, shape.intermediate, shape.vocab, shape.max_positions
    );
    let start = spec.start_adapter.as_ref();
    let start = start.map_or_else(
        || "-".to_owned(),
        |start| format!("{} ({})", start.source, &start.sha256.as_str()[..12]),
    );
    write_facts(
        screen,
        &[
            ("backbone", spec.name.clone()),
            ("family", format!("{}, {} weights", spec.family, weights(spec))),
            ("source", source(spec)),
            ("parameters", shape.parameters.to_string()),
            ("shape", size),
            ("layers", layers_of(spec)),
            ("starts from", start),
            ("sha256", spec.sha256.to_string()),
        ],
    )?;
    writeln!(screen)?;
    let rows =
        spec.files.iter().map(|f| vec![f.name.clone(), bytes(f.bytes), f.sha256.as_str()[..12].to_owned()]);
    write_table(screen, &table(&["file", "size", "sha256"], &[1], rows))
}
