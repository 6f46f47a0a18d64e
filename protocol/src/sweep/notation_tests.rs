//! How numbers and documents may be written, and how a file shows what it was read as.

use insta::assert_snapshot;

use super::tests::{GOOD, refuse, refuse_with};
use super::{Overrides, SweepFile};

#[test]
fn whole_numbers_are_whole_however_they_are_written() {
    let read = |batch: &str| {
        let text = GOOD.replace("[8, 16, 32], ordinal: true", batch).replace("trials: 6", "trials: 6.0");
        SweepFile::parse(&text, "s.yaml").unwrap().as_read(&Overrides::default())
    };
    let file = read("[8.0, \"16\", 0x20]");
    assert_eq!(file["trials"], 6);
    assert_eq!(file["parameters"][1]["domain"]["values"], serde_json::json!([8, 16, 32]));
    assert_snapshot!(refuse_with("[8, 16, 32]", "[8.5, 16, 32]"), @"s.yaml:8:25: parameters.batch_size.values: 8.5 is not a whole number of at least 1");
}

#[test]
fn a_leading_zero_is_no_number_of_one_meaning() {
    assert_snapshot!(refuse_with("[8, 16, 32]", "[010, 08, 32]"), @r"
    s.yaml:8:25: parameters.batch_size.values: 010 has a leading zero, which some readers take for octal; write 10
    s.yaml:8:30: parameters.batch_size.values: 08 has a leading zero, which some readers take for octal; write 8
    ");
    assert_snapshot!(refuse_with("trials: 6", "trials: 010"), @"s.yaml:12:9: trials: is 010, whose leading zero some readers take for octal; give a whole number");
}

#[test]
fn a_second_document_is_named_for_what_it_is() {
    let refused = refuse(&format!("{GOOD}---\nname: other\n"));
    assert!(refused.starts_with("s.yaml:14:") || refused.starts_with("s.yaml:15:"), "{refused}");
    assert!(
        refused.ends_with(
            "a second YAML document begins here; a file describes one study: put each in a file of its own"
        ),
        "{refused}"
    );
}

#[test]
fn a_file_shows_how_it_was_read() {
    let file = SweepFile::parse(GOOD, "s.yaml").unwrap();
    let read = file.as_read(&Overrides { seed: Some(7), ..Overrides::default() });
    assert_eq!(
        (&read["name"], &read["dataset"], &read["seed"]),
        (&"try".into(), &"ncbi-disease".into(), &7.into())
    );
    assert_eq!(read["fixed"]["lora_dropout"], 0.05);
    assert_eq!(read["parameters"][3]["when"]["lora_targets"][0], "qv");
    let open = GOOD.replace("name: try\n", "").replace("dataset: ncbi-disease\n", "");
    let read = SweepFile::parse(&open, "s.yaml").unwrap().as_read(&Overrides::default());
    assert!(read["name"].is_null() && read["dataset"].is_null(), "{read}");
    assert_eq!(read["backbone"], "minilm");
}
