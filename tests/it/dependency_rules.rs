//! The arrows between the crates, as absences (ARCHITECTURE.md, "Invariants").

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use pedigree_tests::workspace_root;

fn packages() -> Vec<Package> {
    let manifest = workspace_root().join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().unwrap().packages
}

/// Names of the crates that a workspace crate itself depends on, tests and builds aside.
fn dependencies(package: &str) -> BTreeSet<String> {
    let packages = packages();
    let package = packages.iter().find(|p| p.name.as_str() == package).expect("a workspace package");
    let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
    normal.map(|d| d.name.clone()).collect()
}

/// Whether a crate asks for a feature of another, for tests and builds too.
fn asks_for(package: &Package, dependency: &str, feature: &str) -> bool {
    let of_ours = || package.dependencies.iter().filter(|d| d.name == dependency);
    let passed_on = |on: &String| {
        on.strip_prefix(dependency)
            .is_some_and(|on| on == format!("/{feature}") || on == format!("?/{feature}"))
    };
    of_ours().any(|d| d.features.iter().any(|asked| asked == feature))
        || package.features.values().flatten().any(passed_on)
}

fn ours(package: &str) -> Vec<String> {
    dependencies(package).into_iter().filter(|name| name.starts_with("pedigree-")).collect()
}

fn assert_absent(package: &str, forbidden: &[&str]) {
    let found: Vec<String> = dependencies(package)
        .into_iter()
        .filter(|name| forbidden.iter().any(|f| name.starts_with(f)))
        .collect();
    assert!(found.is_empty(), "{package} must not depend on {found:?}");
}

#[test]
fn the_vocabulary_and_the_trainer_know_no_other_crate_of_ours() {
    assert_eq!(ours("pedigree-protocol"), Vec::<String>::new());
    assert_eq!(ours("pedigree-trainer-core"), Vec::<String>::new());
    assert_absent("pedigree-trainer-core", &["sqlx", "axum", "reqwest", "tokio"]);
}

#[test]
fn the_sampler_is_pure() {
    assert_eq!(ours("pedigree-sampler"), ["pedigree-protocol"]);
    assert_absent("pedigree-sampler", &["tokio", "futures", "chrono", "reqwest", "sqlx"]);
}

#[test]
fn the_coordinator_never_sees_candle() {
    assert_eq!(ours("pedigree-orchestrator"), ["pedigree-protocol", "pedigree-sampler"]);
    assert_absent("pedigree-orchestrator", &["candle", "tokenizers", "nvml"]);
}

#[test]
fn the_worker_never_sees_sql_or_the_engine() {
    assert_eq!(ours("pedigree-worker"), ["pedigree-mig", "pedigree-protocol", "pedigree-trainer-core"]);
    assert_eq!(ours("pedigree-mig"), Vec::<String>::new());
    assert_absent("pedigree-worker", &["sqlx", "candle", "tokenizers"]);
}

#[test]
fn only_the_coordinator_turns_the_enums_into_columns() {
    let asking = packages().into_iter().filter(|package| asks_for(package, "pedigree-protocol", "sqlx"));
    let asking: Vec<String> = asking.map(|package| package.name.to_string()).collect();
    assert_eq!(asking, ["pedigree-orchestrator"]);
}

#[test]
fn the_process_tests_see_the_product_from_outside() {
    assert_eq!(ours("pedigree-tests"), ["pedigree-protocol"]);
}
