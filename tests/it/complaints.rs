//! The table of complaints in docs/reliability.md names tests that exist, and every test of that kind stands in it.

use std::collections::BTreeSet;
use std::path::Path;

use pedigree_tests::workspace_root;

/// Names that begin with `complaint_` in a text, after `before`.
fn names<'a>(text: &'a str, before: &'static str) -> impl Iterator<Item = String> + 'a {
    let starts = text.match_indices("complaint_").filter(move |(at, _)| text[..*at].ends_with(before));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    starts.map(move |(at, _)| text[at..].chars().take_while(|c| is_name(*c)).collect())
}

fn of_sources(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            of_sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(names(&std::fs::read_to_string(&path).unwrap(), "fn "));
        }
    }
}

#[test]
fn every_complaint_of_the_table_has_its_test() {
    let root = workspace_root();
    let mut tests = BTreeSet::new();
    for crate_folder in ["orchestrator/src", "orchestrator/tests", "worker/src", "tests/it"] {
        of_sources(&root.join(crate_folder), &mut tests);
    }
    let table = std::fs::read_to_string(root.join("docs/reliability.md")).unwrap();
    let listed: BTreeSet<String> = names(&table, "| `").collect();
    assert_eq!(listed, tests, "left: the table; right: the tests");
}
