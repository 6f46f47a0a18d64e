//! The lists of a grid: datasets, backbones and variants. An item is a name, or a mapping with a name.

use super::super::finals::word;
use super::super::foreign;
use super::super::node::{Node, Value};
use super::super::parameters::as_number;
use super::super::problem::Report;
use super::super::space;
use super::super::study::MOST_TRIALS;
use super::super::table::{Keys, Table};
use super::file::PretrainingFile;
use super::places::of_item;
use crate::grid::{GridBackbone, GridDataset, GridPretraining, StudyTemplate, Variant};
use crate::params::{ParamValues, Scalar};

const DATASET: Keys = Keys { known: &["name", "unavailable", "note"], foreign: foreign::none };
const BACKBONE: Keys = Keys {
    known: &["name", "substitute_for", "unavailable", "note", "parameters", "pretraining"],
    foreign: foreign::none,
};
const PRETRAINING: Keys =
    Keys { known: &["name", "text", "held_out", "parameters", "unavailable"], foreign: foreign::pretraining };
const VARIANT: Keys =
    Keys { known: &["name", "fixed", "pretrained", "search", "trials"], foreign: foreign::variant };

/// An item: its name, and its mapping where it has one.
struct Item<'n> {
    name: String,
    path: String,
    table: Option<Table<'n>>,
}

impl Item<'_> {
    fn text(&self, key: &str, report: &mut Report) -> Option<String> {
        self.table.as_ref()?.text(key, report).map(str::to_owned)
    }
}

/// The items of a list; those without a name are reported and left out.
fn items<'n>(document: &Table<'n>, key: &str, keys: &Keys, report: &mut Report) -> Vec<Item<'n>> {
    let Some(node) = document.get(key) else { return Vec::new() };
    let Value::List(list) = &node.value else {
        let message = format!("is {}; give a list such as [a, b]", node.value.describe());
        report.fault(node.position, document.key(key), message);
        return Vec::new();
    };
    let path = |index| of_item(&document.key(key), index);
    list.iter().enumerate().filter_map(|(index, node)| item(node, path(index), keys, report)).collect()
}

fn item<'n>(node: &'n Node, path: String, keys: &Keys, report: &mut Report) -> Option<Item<'n>> {
    match &node.value {
        Value::Scalar(Scalar::Text(name)) => Some(Item { name: name.clone(), path, table: None }),
        Value::Table(_) => {
            let table = Table::open(node, &path, keys, report)?;
            table.require("name", "every item of the list has a name", report);
            let name = table.text("name", report)?.to_owned();
            Some(Item { name, path, table: Some(table) })
        }
        other => {
            let message = format!("is {}; give a name, or a mapping with a name", other.describe());
            report.fault(node.position, path, message);
            None
        }
    }
}

pub(super) fn datasets(document: &Table<'_>, report: &mut Report) -> Vec<GridDataset> {
    let items = items(document, "datasets", &DATASET, report);
    let dataset = |item: Item<'_>| GridDataset {
        unavailable: item.text("unavailable", report),
        note: item.text("note", report),
        name: item.name,
    };
    items.into_iter().map(dataset).collect()
}

/// The backbones, and the pretrainings whose texts must be read.
pub(super) fn backbones(
    document: &Table<'_>,
    report: &mut Report,
) -> (Vec<GridBackbone>, Vec<PretrainingFile>) {
    let mut files = Vec::new();
    let items = items(document, "backbones", &BACKBONE, report);
    let backbones = items.into_iter().enumerate().map(|(index, item)| {
        let (pretraining, file) = pretraining(&item, index, report).unzip();
        files.extend(file.flatten());
        GridBackbone {
            substitute_for: item.text("substitute_for", report),
            unavailable: item.text("unavailable", report),
            note: item.text("note", report),
            parameters: parameters(&item, report),
            pretraining,
            name: item.name,
        }
    });
    (backbones.collect(), files)
}

fn parameters(item: &Item<'_>, report: &mut Report) -> Option<u64> {
    let table = item.table.as_ref()?;
    let given = table.whole("parameters", report)?;
    let count = u64::try_from(given).ok().filter(|count| *count > 0);
    if count.is_none() {
        let message = format!("{given} is out of bounds; give the number of parameters");
        report.fault(table.place("parameters"), table.key("parameters"), message);
    }
    count
}

fn pretraining(
    item: &Item<'_>,
    backbone: usize,
    report: &mut Report,
) -> Option<(GridPretraining, Option<PretrainingFile>)> {
    let node = item.table.as_ref()?.get("pretraining")?;
    let key = format!("{}.pretraining", item.path);
    let table = Table::open(node, &key, &PRETRAINING, report)?;
    let text = |name, report: &mut Report| table.text(name, report).map(str::to_owned);
    let pretraining = GridPretraining {
        name: text("name", report),
        unavailable: text("unavailable", report),
        parameters: loose_values(&table, "parameters", report),
        ..GridPretraining::default()
    };
    let texts = (text("text", report), text("held_out", report));
    if pretraining.unavailable.is_some() {
        for name in ["text", "held_out"].into_iter().filter(|name| table.get(name).is_some()) {
            let message = "does not go with unavailable; remove one of the two";
            report.fault(table.place(name), table.key(name), message);
        }
        return Some((pretraining, None));
    }
    for name in ["text", "held_out"] {
        let right = "name a file of one passage a line, or say why there is none: unavailable";
        table.require(name, right, report);
    }
    let (Some(text), Some(held_out)) = texts else { return Some((pretraining, None)) };
    let parameters = pretraining.parameters.clone();
    Some((pretraining, Some(PretrainingFile { backbone, key, text, held_out, parameters })))
}

/// Values whose names only the trainer knows.
fn loose_values(table: &Table<'_>, key: &str, report: &mut Report) -> ParamValues {
    let Some(node) = table.get(key) else { return ParamValues::new() };
    let Value::Table(entries) = &node.value else {
        let message = format!("is {}; give a mapping such as {{epochs: 3}}", node.value.describe());
        report.fault(node.position, table.key(key), message);
        return ParamValues::new();
    };
    let mut values = ParamValues::new();
    for (name, node) in entries {
        let Value::Scalar(scalar) = &node.value else {
            let message = format!("is {}; give one value", node.value.describe());
            report.fault(node.position, format!("{}.{}", table.key(key), name.name), message);
            continue;
        };
        values.insert(name.name.clone(), as_number(scalar).unwrap_or_else(|| scalar.clone()));
    }
    values
}

/// The variants. Their windows are checked together with the study's fixed values.
pub(super) fn variants(
    document: &Table<'_>,
    study: Option<&StudyTemplate>,
    report: &mut Report,
) -> Vec<Variant> {
    let items = items(document, "variants", &VARIANT, report);
    items.into_iter().map(|item| variant(item, study, report)).collect()
}

fn variant(item: Item<'_>, study: Option<&StudyTemplate>, report: &mut Report) -> Variant {
    let plain = Variant::named(&item.name);
    let Some(table) = item.table else { return plain };
    let mut fixed = ParamValues::new();
    if let Some(node) = table.get("fixed") {
        let path = table.key("fixed");
        fixed = space::read_fixed(node, &path, None, report);
        let mut all = study.map_or_else(ParamValues::new, |study| study.fixed.clone());
        all.extend(fixed.clone());
        space::check_windows(&all, &path, node.position, report);
    }
    Variant {
        fixed,
        pretrained: table.flag("pretrained", report),
        search: table.flag("search", report).unwrap_or(plain.search),
        trials: table.count("trials", 1, MOST_TRIALS, report),
        name: plain.name,
    }
}

/// Names, written as one text or as a list.
pub(super) fn names(document: &Table<'_>, key: &str, report: &mut Report) -> Vec<String> {
    match document.get(key).map(|node| &node.value) {
        Some(Value::Scalar(Scalar::Text(name))) => vec![name.clone()],
        _ => {
            const NAME: Keys = Keys { known: &["name"], foreign: foreign::none };
            items(document, key, &NAME, report).into_iter().map(|item| item.name).collect()
        }
    }
}

/// A choice under a key of a mapping that may be absent.
pub(super) fn choice<T: Copy, const N: usize>(
    document: &Table<'_>,
    (key, inner): (&str, &'static str),
    keys: &Keys,
    (all, name): ([T; N], fn(T) -> &'static str),
    report: &mut Report,
) -> Option<T> {
    let table = Table::open(document.get(key)?, &document.key(key), keys, report)?;
    word(&table, inner, all, name, report)
}
