//! The arrows between the crates, as absences (ARCHITECTURE.md, "Invariants").

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand};
use pedigree_tests::workspace_root;

/// Names of the crates that a workspace crate itself depends on, tests and builds aside.
fn dependencies(package: &str) -> BTreeSet<String> {
    let metadata =
        MetadataCommand::new().manifest_path(workspace_root().join("Cargo.toml")).no_deps().exec().unwrap();
    let package = metadata.packages.iter().find(|p| p.name.as_str() == package).expect("a workspace package");
    let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
    normal.map(|d| d.name.clone()).collect()
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
    assert_eq!(ours("pedigree-worker"), ["pedigree-protocol", "pedigree-trainer-core"]);
    assert_absent("pedigree-worker", &["sqlx", "candle", "tokenizers"]);
}

#[test]
fn the_process_tests_see_the_product_from_outside() {
    assert_eq!(ours("pedigree-tests"), ["pedigree-protocol"]);
}
