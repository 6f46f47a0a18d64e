//! No two modules of a crate use each other, directly or around (ARCHITECTURE.md, "Invariants").

use std::path::Path;

use cargo_metadata::camino::Utf8PathBuf;
use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};
use pedigree_tests::module_circles::knots;
use pedigree_tests::workspace_root;

/// One test for each crate, and the list of them.
macro_rules! crates {
    ($($test:ident: $package:literal),* $(,)?) => {
        const CHECKED: &[&str] = &[$($package),*];
        $(#[test] fn $test() { check($package) })*
    };
}

crates! {
    protocol: "pedigree-protocol",
    sampler: "pedigree-sampler",
    trainer_core: "pedigree-trainer-core",
    orchestrator: "pedigree-orchestrator",
    worker: "pedigree-worker",
    cli: "pedigree-cli",
    tests: "pedigree-tests",
    mig: "pedigree-mig",
}

#[test]
fn every_crate_is_checked() {
    let metadata = metadata();
    let mut members: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut checked = CHECKED.to_vec();
    members.sort_unstable();
    checked.sort_unstable();
    assert_eq!(members, checked);
}

/// Fails if the package has a circle.
fn check(package: &str) {
    let metadata = metadata();
    let package = metadata.packages.iter().find(|p| p.name.as_str() == package).expect("a workspace package");
    let circles = circles(package, &metadata.workspace_root);
    assert!(circles.is_empty(), "modules of {} use each other:\n{circles}", package.name);
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(workspace_root().join("Cargo.toml")).no_deps().exec().unwrap()
}

/// The circles of a package's library and binaries, as text; empty where there are none.
fn circles(package: &Package, workspace: &Utf8PathBuf) -> String {
    let built =
        |kinds: &[TargetKind]| kinds.iter().any(|kind| matches!(kind, TargetKind::Lib | TargetKind::Bin));
    let roots = package.targets.iter().filter(|target| built(&target.kind)).map(|target| &target.src_path);
    let read = |path: &Path| std::fs::read_to_string(workspace.join_os(path)).ok();
    roots
        .map(|root| root.strip_prefix(workspace).expect("a root file in the workspace"))
        .flat_map(|root| knots(root.as_std_path(), read))
        .map(|knot| format!("{knot}\n"))
        .collect()
}
