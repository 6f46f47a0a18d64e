//! The table of reported faults in docs/reliability.md names tests that exist.

use std::collections::BTreeSet;
use std::path::Path;

use pedigree_tests::workspace_root;

const HEADING: &str = "## Faults that were reported";

/// Names of functions in a source file.
fn functions(text: &str) -> impl Iterator<Item = String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split("fn ").skip(1);
    words.map(move |rest| rest.chars().take_while(|c| is_name(*c)).collect())
}

/// What stands before a name in tests of the dashboard: `it('...'` or `test('...'`.
fn cases(text: &str) -> impl Iterator<Item = String> {
    let starts = ["it('", "test('"].into_iter().flat_map(|start| text.split(start).skip(1));
    starts.filter_map(|rest| rest.split('\'').next().map(String::from))
}

fn of_sources(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules", ".git", "dist"].contains(&name.as_str()) {
                of_sources(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.extend(functions(&std::fs::read_to_string(&path).unwrap()));
        } else if name.ends_with(".test.ts") || name.ends_with(".test.tsx") {
            found.extend(cases(&std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The cells of each row of the table.
fn rows(document: &str) -> Vec<Vec<&str>> {
    let section = document.split(HEADING).nth(1).expect("the section of the table");
    let section = section.split("\n## ").next().unwrap_or(section);
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

#[test]
fn every_reported_fault_names_tests_that_exist() {
    let root = workspace_root();
    let mut sources = BTreeSet::new();
    of_sources(&root, &mut sources);
    let document = std::fs::read_to_string(root.join("docs/reliability.md")).unwrap();
    let rows = rows(&document);
    assert!(!rows.is_empty(), "the table is empty");
    for row in &rows {
        let [number, happens, tests] = row[..] else { panic!("a row has three columns: {row:?}") };
        let is_known = number.parse::<u32>().is_ok_and(|number| (0..=12).contains(&number));
        assert!(is_known && !happens.is_empty(), "{row:?}");
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "row {number} names no test: {happens}");
        for name in names {
            assert!(sources.contains(name), "row {number}: there is no test {name}");
        }
    }
}
