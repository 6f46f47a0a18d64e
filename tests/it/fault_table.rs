//! The table of reported faults in docs/reliability.md names tests that exist.

use std::collections::BTreeSet;
use std::path::Path;

use pedigree_tests::workspace_root;

const HEADING: &str = "## Faults that were reported";

/// Numbers of the reports; 0 is what was noticed beside them.
const NUMBERS: std::ops::RangeInclusive<u32> = 0..=12;

/// What makes the function below it a test. One in a `proptest!` has the first.
const MARKS: [&str; 3] = ["#[test]", "#[tokio::test", "#[sqlx::test"];

/// Names of the test functions in a source file.
fn test_functions(text: &str) -> Vec<String> {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let (mut found, mut is_marked) = (Vec::new(), false);
    for line in text.lines().map(str::trim_start) {
        is_marked |= MARKS.iter().any(|mark| line.starts_with(mark));
        let name = ["fn ", "async fn "].into_iter().find_map(|start| line.strip_prefix(start));
        if let Some(name) = name
            && std::mem::take(&mut is_marked)
        {
            found.push(name.chars().take_while(is_name).collect());
        }
    }
    found
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
            found.extend(test_functions(&std::fs::read_to_string(&path).unwrap()));
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
    let mut seen = BTreeSet::new();
    for row in &rows {
        let [number, happens, tests] = row[..] else { panic!("a row has three columns: {row:?}") };
        let known = number.parse::<u32>().ok().filter(|number| NUMBERS.contains(number));
        assert!(known.is_some() && !happens.is_empty(), "{row:?}");
        seen.extend(known);
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "row {number} names no test: {happens}");
        for name in names {
            assert!(sources.contains(name), "row {number}: there is no test {name}");
        }
    }
    let missing: Vec<u32> = NUMBERS.filter(|number| !seen.contains(number)).collect();
    assert_eq!(missing, [0; 0], "no row has these numbers");
}

#[test]
fn only_functions_that_run_as_tests_are_tests() {
    let source = "
        #[test]
        /// What it shows.
        #[expect(clippy::unwrap_used)]
        fn plain() {}
        #[tokio::test(flavor = \"multi_thread\")]
        async fn waiting() {}
        #[sqlx::test(migrator = \"m\")]
        async fn stored(pool: PgPool) {}
        fn helper() {}
        async fn another_helper() {}
    ";
    assert_eq!(test_functions(source), ["plain", "waiting", "stored"]);
}
