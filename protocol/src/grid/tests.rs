//! That a grid unfolds into the cells it names, and that what makes no sense is refused at its key.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::name;
use crate::params::Scalar;

/// A grid of two datasets and two backbones; the second backbone is pretrained.
pub(crate) fn grid() -> GridSpec {
    let text = |digit: &str| json!({"name": "a.txt", "sha256": digit.repeat(64), "bytes": 1});
    serde_json::from_value(json!({
        "name": "grid",
        "datasets": [{"name": "ncbi"}, {"name": "cll"}],
        "backbones": [{"name": "bert"}, {"name": "electra", "pretraining": {"text": text("1"), "held_out": text("2")}}],
        "study": {
            "method": "tpe",
            "metric": {"name": "dev_f1", "goal": "maximize"},
            "parameters": [{"name": "learning_rate", "domain": {"kind": "float", "min": 1e-5, "max": 1e-3, "log": true}},
                           {"name": "lora_r", "domain": {"kind": "ordinal", "values": [8, 16]}}],
            "fixed": {"max_epochs": 3},
            "trials": 6, "max_concurrent": 2, "retries": 1,
        },
        "seed": 42,
    }))
    .unwrap()
}

fn refusals(change: impl FnOnce(&mut GridSpec)) -> Vec<String> {
    let mut grid = grid();
    change(&mut grid);
    grid.check().iter().map(ToString::to_string).collect()
}

#[test]
fn every_pair_has_a_cell_and_pretrained_ones_wait() {
    let grid = grid();
    assert_eq!(grid.check(), []);
    let cells = grid.cells();
    let studies: Vec<_> = cells.iter().map(|cell| cell.study.as_str()).collect();
    assert_eq!(studies, ["grid.ncbi.bert", "grid.ncbi.electra", "grid.cll.bert", "grid.cll.electra"]);
    assert_eq!((cells[0].pretraining.as_deref(), cells[0].variant.as_str()), (None, MAIN));
    let spec = grid.study_spec(&cells[1]);
    assert_eq!((spec.backbone.as_str(), spec.dataset.as_str()), ("grid.electra.pretraining", "ncbi"));
    let [dapt] = grid.pretrainings().try_into().unwrap();
    assert_eq!(
        (dapt.leaves.as_deref(), dapt.backbone.as_str()),
        (Some("grid.electra.pretraining"), "electra")
    );
    let wire = serde_json::to_string(&grid).unwrap();
    assert_eq!(serde_json::from_str::<GridSpec>(&wire).unwrap(), grid);
}

#[test]
fn seeds_follow_from_the_names_and_from_nothing_else() {
    let grid = grid();
    let seeds = |grid: &GridSpec| grid.cells().iter().map(|c| grid.study_spec(c).seed).collect::<Vec<_>>();
    assert_eq!(
        seeds(&grid),
        [2_167_500_978, 1_088_718_814, 196_867_857, 529_487_822],
        "recorded: a change would change every grid that is extended"
    );
    assert_ne!(seeds(&GridSpec { seed: 43, ..grid.clone() }), seeds(&grid));
    let mut longer = grid.clone();
    longer.datasets.insert(0, GridDataset { name: "first".into(), ..GridDataset::default() });
    assert_eq!(seeds(&longer)[2..], seeds(&grid));
}

#[test]
fn the_ablation_is_four_variants() {
    let mut grid = grid();
    let variant = |name: &str, pretrained, targets: &str| Variant {
        fixed: [("lora_targets".to_owned(), Scalar::Text(targets.into()))].into(),
        pretrained: Some(pretrained),
        ..Variant::named(name)
    };
    grid.variants = vec![variant("none", false, "none"), variant("both", true, "qv")];
    assert_eq!(grid.check(), []);
    let cells = grid.cells();
    assert_eq!(cells.len(), 8);
    let at = |backbone: &str, variant: &str| {
        cells.iter().find(|c| c.dataset == "cll" && c.backbone == backbone && c.variant == variant).unwrap()
    };
    assert_eq!(at("electra", "none").trains_on(), "electra");
    assert_eq!(at("electra", "both").study, "grid.cll.electra.both");
    assert_eq!(at("electra", "both").trains_on(), "grid.electra.pretraining");
    assert_eq!(at("bert", "both").hole.as_deref(), Some("backbone bert has no pretraining in this grid"));
    assert_eq!(grid.study_spec(at("bert", "none")).fixed["lora_targets"], Scalar::Text("none".into()));
}

#[test]
fn without_search_a_cell_is_one_training_at_stated_values() {
    let mut grid = grid();
    let fixed = [("learning_rate".to_owned(), Scalar::Float(1e-3))].into();
    grid.variants =
        vec![Variant::named("searched"), Variant { search: false, fixed, ..Variant::named("defaults") }];
    assert_eq!(grid.check(), []);
    let spec = grid.study_spec(&grid.cells()[1]);
    assert_eq!((spec.trials, spec.max_concurrent, spec.name.as_str()), (1, 1, "grid.ncbi.bert.defaults"));
    assert_eq!(spec.parameters.dimensions().len(), 1, "lora_r has the trainer's default");
    assert!(spec.parameters.admit([("learning_rate".to_owned(), Scalar::Float(1e-3))].into()).is_ok());
    assert_eq!(spec.fixed.keys().collect::<Vec<_>>(), ["max_epochs"]);
}

#[test]
fn what_cannot_be_had_is_a_hole_with_its_reason() {
    let mut grid = grid();
    grid.datasets[1].unavailable = Some("licence".into());
    grid.backbones[1].pretraining =
        Some(GridPretraining { unavailable: Some("no corpus".into()), ..GridPretraining::default() });
    assert_eq!(grid.check(), []);
    let holes: Vec<_> = grid.cells().into_iter().map(|cell| cell.hole).collect();
    let licence = Some("dataset cll: licence".to_owned());
    assert_eq!(holes, [None, None, licence.clone(), licence]);
    assert_eq!(grid.pretrainings(), [], "the cells start from the backbone as it is");
    assert_eq!(grid.study_spec(&grid.cells()[1]).backbone, "electra");
    let whats: Vec<_> = grid.holes().into_iter().map(|hole| hole.what).collect();
    assert_eq!(whats, ["dataset cll", "pretraining of electra"]);
}

#[test]
fn what_makes_no_sense_is_refused_at_its_key() {
    insta::assert_debug_snapshot!(refusals(|g| g.datasets.clear()), @r#"
    [
        "datasets: is empty; name at least one dataset",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| g.datasets[1].name = "ncbi".into()), @r#"
    [
        "datasets[1]: ncbi is listed twice; remove one",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| g.backbones.iter_mut().for_each(|b| b.unavailable = Some("gone".into()))), @r#"
    [
        "datasets: leave, with the backbones, no cell that can be had: nothing is left to do",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| g.backbones[0].substitute_for = Some("bert".into())), @r#"
    [
        "backbones[0].substitute_for: is the backbone itself; name the one that it stands in for",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| g.backbones[0].pretraining = Some(GridPretraining::default())), @r#"
    [
        "backbones[0].pretraining: has no text; name a file of one passage a line, or say why there is none: unavailable",
        "backbones[0].pretraining: has no held_out; name a file of one passage a line, or say why there is none: unavailable",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| g.name = "x".repeat(95)), @r#"
    [
        "name: gives the pretraining of electra the name xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.electra.pretraining, of 115 characters; at most 100 are allowed: shorten it",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| {
        g.datasets[0].name = "a.b".into();
        g.datasets[1].name = "a".into();
        g.backbones[0].name = "c".into();
        g.backbones[1].name = "b.c".into();
    }), @r#"
    [
        "name: the study of a and b.c and the study of a.b and c would both be called grid.a.b.c; rename one",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| g.reference = vec!["openmed".into(), "blurbs".into()]), @r#"
    [
        "reference[1]: there is no table \"blurbs\" of published scores; known: openmed, openmed-baselines, blurb",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| g.finals.seeds = 0), @r#"
    [
        "final.seeds: 0 is out of bounds; give 1 to 50",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| {
        g.scope = Scope::Shared;
        g.datasets[0].unavailable = Some(" ".into());
        g.study.pruner = crate::pruner::Pruner::Asha { min_epochs: None, reduction: 4 };
    }), @r#"
    [
        "datasets[0].unavailable: is empty; say why it cannot be had",
        "scope: shared needs two datasets at least; with one, write per-cell",
        "study.pruner: does not go with scope: shared, where a trial's value is known only when every dataset has ended; write none",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| {
        (g.priority, g.max_concurrent, g.budget.kwh) = (101, Some(0), Some(-1.0));
    }), @r#"
    [
        "priority: 101 is out of bounds; give -100 to 100",
        "max_concurrent: 0 is out of bounds; give at least 1",
        "budget.kwh: -1 is not a number above 0",
    ]
    "#);
}

#[test]
fn a_variant_that_makes_no_sense_is_refused_at_its_key() {
    let fixed = || [("lora_r".to_owned(), Scalar::Int(8))].into();
    let with = |variant: Variant| refusals(|g| g.variants = vec![variant]);
    insta::assert_debug_snapshot!(with(Variant { fixed: fixed(), ..Variant::named("r8") }), @r#"
    [
        "variants[0].fixed.lora_r: is searched under study.parameters; leave it out, or write search: false for one training without search",
    ]
    "#);
    insta::assert_debug_snapshot!(with(Variant { search: false, trials: Some(3), ..Variant::named("one") }), @r#"
    [
        "variants[0].fixed: gives no learning_rate, which the trainer has no default for; add it, since nothing is searched",
        "variants[0].trials: does not go with search: false, which is one training; leave it out",
    ]
    "#);
    insta::assert_debug_snapshot!(with(Variant { trials: Some(0), ..Variant::named("a b") }), @r#"
    [
        "variants[0]: \"a b\" cannot name a variant; use 1 to 100 letters, digits, '.', '_' and '-', and not only dots",
        "variants[0].trials: 0 is out of bounds; give at least 1",
    ]
    "#);
    insta::assert_debug_snapshot!(refusals(|g| {
        g.backbones[1].pretraining = None;
        g.variants = vec![Variant { pretrained: Some(true), ..Variant::named("a") }, Variant::named("a")];
    }), @r#"
    [
        "variants[0].pretrained: is true, but no backbone of the grid has a pretraining",
        "variants[1]: a is listed twice; remove one",
    ]
    "#);
}

prop_compose! {
    fn any_grid()(
        datasets in proptest::collection::btree_set("[a-z]{1,8}", 1..6),
        backbones in proptest::collection::btree_map("[a-z]{1,8}", any::<bool>(), 1..4),
        variants in proptest::collection::btree_map("[a-z]{1,8}", any::<Option<bool>>(), 0..4),
        gone in any::<proptest::sample::Index>(),
        seed: u32,
    ) -> GridSpec {
        let plain = grid();
        let pretraining = &plain.backbones[1].pretraining;
        let mut grid = GridSpec { seed, ..plain.clone() };
        grid.datasets = datasets.into_iter().map(|name| GridDataset { name, ..GridDataset::default() }).collect();
        gone.get_mut(&mut grid.datasets).unavailable = Some("gone".into());
        grid.backbones = backbones.into_iter().map(|(name, pretrained)| GridBackbone {
            name, pretraining: pretraining.clone().filter(|_| pretrained), ..GridBackbone::default()
        }).collect();
        grid.variants = variants.into_iter().map(|(name, pretrained)| Variant { pretrained, ..Variant::named(&name) }).collect();
        grid
    }
}

proptest! {
    #[test]
    fn cells_are_the_product_and_their_studies_are_valid(grid in any_grid()) {
        let cells = grid.cells();
        prop_assert_eq!(cells.len(), grid.datasets.len() * grid.backbones.len() * grid.variants().len());
        let names: BTreeSet<_> = cells.iter().map(|cell| &cell.study).collect();
        prop_assert_eq!(names.len(), cells.len());
        let promised: BTreeSet<_> = grid.pretrainings().into_iter().map(|p| p.name).collect();
        let mut waited = BTreeSet::new();
        for cell in cells.iter().filter(|cell| cell.hole.is_none()) {
            let spec = grid.study_spec(cell);
            prop_assert!(name::check("study", &spec.name).is_ok());
            prop_assert!(grid.datasets.iter().any(|d| d.name == spec.dataset && d.unavailable.is_none()));
            waited.extend(cell.pretraining.clone());
            let wire = serde_json::to_string(&spec).unwrap();
            prop_assert_eq!(serde_json::from_str::<crate::study::StudySpec>(&wire).unwrap(), spec);
        }
        prop_assert_eq!(waited, promised, "each pretraining is waited for, and each that is waited for is there");
    }

    #[test]
    fn what_a_grid_gains_changes_nothing_that_it_had(grid in any_grid(), position in any::<proptest::sample::Index>()) {
        let mut longer = grid.clone();
        let at = position.index(grid.datasets.len() + 1);
        longer.datasets.insert(at, GridDataset { name: "an-added-one".into(), ..GridDataset::default() });
        let of = |g: &GridSpec| g.cells().iter().map(|c| (c.study.clone(), g.study_spec(c))).collect::<std::collections::BTreeMap<_, _>>();
        let after = of(&longer);
        for (name, spec) in of(&grid) {
            prop_assert_eq!(&after[&name], &spec);
        }
    }
}

#[test]
fn runs_are_counted_by_kind() {
    let mut grid = grid();
    let plain = GridCounts { cells: 4, holes: 0, pretrainings: 1, trials: 24, finals: 4, tests: 2 };
    assert_eq!(grid.counts(), plain);
    grid.finals = GridFinals { seeds: 5, test: TestPolicy::Cells, ..GridFinals::default() };
    grid.datasets[0].unavailable = Some("gone".into());
    let held = GridCounts { cells: 2, holes: 2, pretrainings: 1, trials: 12, finals: 10, tests: 10 };
    assert_eq!(grid.counts(), held);
    grid.finals = GridFinals { model: crate::finals::FinalModel::BestTrial, ..GridFinals::default() };
    assert_eq!((grid.counts().finals, grid.counts().tests), (0, 1));
}
