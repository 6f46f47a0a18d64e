//! The reader on files of all kinds.

use std::path::Path;

use proptest::prelude::*;

use crate::corpus::{ReadOptions, Scheme, Split, parse};

fn parsed(text: &str) -> Result<Split, String> {
    parse(Path::new("x.conll"), text.as_bytes(), &ReadOptions::default()).map_err(|e| e.to_string())
}

fn tags(text: &str) -> (Scheme, Vec<String>) {
    let split = parsed(text).unwrap();
    (split.scheme, split.sentences.into_iter().flat_map(|s| s.tags).collect())
}

#[test]
fn every_scheme_becomes_iob2() {
    let want = ["B-D", "I-D", "B-D", "O", "B-C"].map(String::from).to_vec();
    let file = |t: [&str; 5]| t.iter().map(|t| format!("w {t}\n")).collect::<String>();
    assert_eq!(tags(&file(["B-D", "I-D", "B-D", "O", "B-C"])), (Scheme::Iob2, want.clone()));
    assert_eq!(tags(&file(["I-D", "I-D", "B-D", "O", "I-C"])), (Scheme::Iob1, want.clone()));
    assert_eq!(tags(&file(["B-D", "E-D", "S-D", "O", "S-C"])), (Scheme::Iobes, want.clone()));
    assert_eq!(tags(&file(["B-D", "L-D", "U-D", "O", "U-C"])), (Scheme::Bilou, want));
}

#[test]
fn bare_tags_take_the_given_type() {
    let options = ReadOptions { entity_type: Some("Species".into()), ..ReadOptions::default() };
    let split = parse(Path::new("x"), b"a\tB\nb\tI\nc\tO\n", &options).unwrap();
    assert_eq!(split.sentences[0].tags, ["B-Species", "I-Species", "O"]);
    assert!(parsed("a\tB\n").unwrap_err().contains("x.conll:1: \"B\" names no entity type; if all"));
    assert!(parsed("a\tB\n").unwrap_err().contains("--entity-type"));
}

#[test]
fn line_ends_byte_order_mark_document_marks_and_columns() {
    let text = "\u{feff}-DOCSTART- -X- O\r\n\r\na NN B-D\r\nb c I-D\r\n\r\n \r\nz\tNN\tO";
    let split = parsed(text).unwrap();
    assert_eq!(split.docstart_lines, 1);
    assert_eq!(split.sentences.len(), 2);
    assert_eq!(split.sentences[0].tags, ["B-D", "I-D"]);
    assert_eq!(split.to_canonical_conll(), "-DOCSTART-\tO\n\na\tB-D\nb\tI-D\n\nz\tO\n\n");
    assert_eq!(parsed(&split.to_canonical_conll()).unwrap(), split);
    assert_eq!(parsed("\r\r-DOCSTART-\tO\n\na O\n").unwrap().docstart_lines, 1);
    let marks = parsed("\r \u{feff}a O\n\u{feff}b O\n").unwrap();
    assert_eq!(marks.sentences[0].tokens, ["a", "b"]);
    let two = parsed("a O\n\n-DOCSTART- O\n\n-DOCSTART- O\n\nb O\n\nc O\n").unwrap();
    assert_eq!(two.sentences.iter().map(|s| s.document).collect::<Vec<_>>(), [None, Some(1), Some(1)]);
}

#[test]
fn errors_name_line_and_text() {
    let of = |text: &str| parsed(text).unwrap_err();
    assert_eq!(
        of("a O\n\nb\n"),
        "x.conll:3: \"b\" has one column; give a token and a tag, separated by a tab or blanks"
    );
    assert!(of("a X-Foo\n").starts_with("x.conll:1: \"X-Foo\" is no tag"));
    assert!(of("a B-\n").starts_with("x.conll:1: \"B-\" names no entity type after the dash"));
    assert!(of("a Bfoo\n").starts_with("x.conll:1: \"Bfoo\" is no tag"));
    assert!(
        of("a B-D\nb O\nc I-D\n")
            .starts_with("x.conll:3: \"I-D\" continues no entity: before it stands \"O\"")
    );
    assert!(of("a B-D\nb E-D\nc B-D\n").contains(
        "x.conll:3: the entity that \"B-D\" opens or continues is not closed: \"end of sentence\""
    ));
    assert!(of("a S-D\nb U-D\n").contains("x.conll:2: \"U-D\" does not belong to scheme IOBES"));
    assert!(of("").contains("x.conll: the file is empty"));
    assert!(of("\n\n-DOCSTART- O\n").contains("x.conll: the file holds no sentence"));
    let bad =
        parse(Path::new("x.conll"), b"a O\nb\xff O\n", &ReadOptions::default()).unwrap_err().to_string();
    assert!(bad.starts_with("x.conll:2: not valid UTF-8 (byte 2 of the line, after \"b\")"), "{bad}");
}

/// Entities as (length, type) between runs of `O`, written in each scheme.
fn written(spans: &[(usize, usize, usize)], prefixes: impl Fn(usize, usize, bool) -> char) -> String {
    let mut text = String::new();
    let mut before = None;
    for &(gap, length, kind) in spans {
        (0..gap).for_each(|_| text.push_str("o O\n"));
        let adjacent = gap == 0 && before == Some(kind);
        for at in 0..length {
            text.extend(['e', ' ', prefixes(at, length, adjacent), '-', ['C', 'D'][kind], '\n']);
        }
        before = Some(kind);
    }
    text
}

proptest! {
    #[test]
    fn schemes_agree(spans in prop::collection::vec((0usize..3, 1usize..4, 0usize..2), 1..8)) {
        let iob2 = written(&spans, |at, _, _| if at == 0 { 'B' } else { 'I' });
        let iob1 = written(&spans, |at, _, adjacent| if at == 0 && adjacent { 'B' } else { 'I' });
        let iobes = written(&spans, |at, n, _| if n == 1 { 'S' } else if at == 0 { 'B' } else if at + 1 == n { 'E' } else { 'I' });
        let bilou = written(&spans, |at, n, _| if n == 1 { 'U' } else if at == 0 { 'B' } else if at + 1 == n { 'L' } else { 'I' });
        let want = parsed(&iob2).unwrap().sentences;
        for text in [iob1, iobes, bilou] {
            prop_assert_eq!(&parsed(&text).unwrap().sentences, &want);
        }
        let canonical = parsed(&iob2).unwrap().to_canonical_conll();
        prop_assert_eq!(parsed(&canonical).unwrap().sentences, want);
    }
}

/// What a refusal says of each line, without the file's name.
fn refusals(text: &str) -> Vec<String> {
    parsed(text).unwrap_err().lines().map(|line| line.trim_start_matches("x.conll:").to_owned()).collect()
}

fn reported(folder: &str, file: &str) -> Option<Result<Split, String>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.parent()?;
    let path = workspace.join("shared/faults/data").join(folder).join(file);
    if !path.is_file() {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    }
    Some(crate::corpus::read_foreign(&path, &ReadOptions::default()).map_err(|error| error.to_string()))
}

#[test]
fn a_first_column_of_ids_is_refused_and_names_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let read = |text: &str, token_column| {
        let path = dir.path().join("x.conll");
        std::fs::write(&path, text).unwrap();
        let options = ReadOptions { token_column, ..ReadOptions::default() };
        crate::corpus::read_foreign(&path, &options).map_err(|error| error.to_string())
    };
    let ids = "7\tIt\tO\n7\twas\tO\n7\tgout\tB-D\n7\t.\tO\n\n8\tHe\tO\n8\thad\tO\n8\tit\tO\n";
    let numbers = "1 It O\n2 was O\n3 gout B-D\n4 . O\n\n1 He O\n2 had O\n3 it O\n";
    for (text, found) in [(ids, "one value that is repeated"), (numbers, "running numbers")] {
        let refusal = read(text, None).unwrap_err();
        assert!(refusal.contains(&format!("x.conll: the first column holds {found} (")), "{refusal}");
        assert!(refusal.contains("--token-column N") && refusal.contains("--tag-column N"), "{refusal}");
        let split = read(text, Some(2)).unwrap();
        assert_eq!(split.sentences[0].tokens, ["It", "was", "gout", "."]);
        assert_eq!(split.sentences[0].tags, ["O", "O", "B-D", "O"]);
        assert!(read(text, Some(1)).is_ok(), "whoever names the column answers for it");
    }
    for folder in ["d02-sentid", "d19-germeval"] {
        let Some(refused) = reported(folder, "train.tsv") else { return };
        assert!(refused.unwrap_err().contains("--token-column N"), "{folder}");
    }
}

#[test]
fn named_columns_are_read() {
    let options =
        |token_column, tag_column| ReadOptions { token_column, tag_column, ..ReadOptions::default() };
    let of = |options: ReadOptions| {
        let text = b"1\tgout\tB-Chem\tB-Dis\n2\tis\tO\tO\n";
        parse(Path::new("x.conll"), text, &options)
            .map(|split| split.sentences)
            .map_err(|error| error.to_string())
    };
    assert_eq!(of(options(Some(2), None)).unwrap()[0].tags, ["B-Dis", "O"]);
    let named = of(options(Some(2), Some(3))).unwrap();
    assert_eq!((&named[0].tokens, &named[0].tags), (&words(&["gout", "is"]), &words(&["B-Chem", "O"])));
    assert!(
        of(options(Some(2), Some(5)))
            .unwrap_err()
            .contains("x.conll:1: there is no column 5: the file has 4")
    );
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_file_has_one_number_of_columns() {
    let three = refusals("lung cancer B-D\nwas O\nfound O\n");
    assert_eq!(
        three,
        [
            "1: \"lung cancer B-D\" has 3 columns, but most lines of the file have 2; where a word holds a blank, separate the \
          columns by tabs"
        ]
    );
    let tabs = refusals("It\tPRP\tO\nwas\tO\nit\tPRP\tO\n");
    assert_eq!(tabs, ["2: \"was\\tO\" has 2 columns, but most lines of the file have 3"]);
    let without = refusals("lung cancer\tB-D\nVitamin O\nit\tO\n");
    assert!(without[0].starts_with("2: \"Vitamin O\" holds no tab"), "{without:?}");
    assert_eq!(parsed("lung cancer\tB-D\nwas\tO\n").unwrap().sentences[0].tokens, ["lung cancer", "was"]);
    assert_eq!(parsed("a\t\tB-D\t\nb\tx\tO\n").unwrap().sentences[0].tags, ["B-D", "O"]);
    if let Some(refused) = reported("d38-token-with-blank-space-sep", "train.conll") {
        let refused = refused.unwrap_err();
        assert!(refused.contains("train.conll:1: \"lung cancer B-Dis\" has 3 columns"), "{refused}");
    }
}

#[test]
fn white_space_that_separates_nothing_is_part_of_its_word() {
    let split = parsed("beta\u{2009}carotene B-C\n0.5\u{a0}mg O\n").unwrap();
    assert_eq!(split.sentences[0].tokens, ["beta\u{2009}carotene", "0.5\u{a0}mg"]);
    let split = parsed("0.5\u{a0} mg\tO\n\u{3000}x\tO\n").unwrap();
    assert_eq!(split.sentences[0].tokens, ["0.5\u{a0} mg", "\u{3000}x"]);
    assert_eq!(parsed(&split.to_canonical_conll()).unwrap(), split);
    let dropped = refusals("0.5\u{a0} mg O\nwas O\nfound O\n");
    assert!(dropped[0].starts_with("1: \"0.5\\u{a0} mg O\" has 3 columns"), "{dropped:?}");
    let odd = refusals("was O\ngout\u{a0}B-D\n");
    assert!(
        odd[0].starts_with("2: \"gout\\u{a0}B-D\" has one column, since U+00A0 separates none"),
        "{odd:?}"
    );
    if let Some(read) = reported("d03-nbsp-inside-space", "train.conll") {
        let read = read.unwrap();
        assert_eq!(read.sentences[0].tokens[..2], ["0.5\u{a0}mg", "beta\u{2009}carotene"]);
    }
}

#[test]
fn a_blank_word_is_refused_for_being_blank() {
    for text in ["was\tO\n\u{a0}\tO\n", "was O\n\u{3000} O\n"] {
        let refusal = refusals(text);
        assert!(refusal[0].starts_with("2: the word is blank (U+"), "{refusal:?}");
    }
    assert!(refusals("was\tO\n\tO\n")[0].starts_with("2: \"\\tO\" has no word: its column 1 is empty"));
    for (folder, space) in [("d04-blank-token-tab", "U+00A0"), ("d04b-blank-token-space", "U+3000")] {
        let Some(refused) = reported(folder, "train.tsv") else { return };
        let refused = refused.unwrap_err();
        assert!(refused.contains("train.tsv:3: the word is blank ("), "{folder}: {refused}");
        assert!(refused.contains(space) || !folder.contains("04b"), "{folder}: {refused}");
    }
}

#[test]
fn a_stray_tag_is_named_and_not_the_lines_that_are_right() {
    let iob2 = "a B-D\nb I-D\nc O\n\nd B-D\ne I-D\n\nf B-C\n";
    assert_eq!(
        refusals(&format!("{iob2}\ng S-D\n")),
        ["10: \"S-D\" does not belong to scheme IOB2, which the rest of the file follows"]
    );
    assert!(
        refusals(&format!("{iob2}\ng L-D\n"))[0].starts_with("10: \"L-D\" does not belong to scheme IOB2")
    );
    let iobes = "a B-D\nb E-D\nc S-D\n\nd S-C\ne B-D\nf E-D\n";
    assert!(
        refusals(&format!("{iobes}\ng U-D\n"))[0].starts_with("9: \"U-D\" does not belong to scheme IOBES")
    );
    let iob1 = "a I-D\nb I-D\nc O\n\nd I-D\n\nf I-C\n";
    assert!(
        refusals(&format!("{iob1}\ng B-D\n"))[0].starts_with("9: \"B-D\" opens an entity that touches no")
    );
    if let Some(refused) = reported("stray", "train.tsv") {
        let refused = refused.unwrap_err();
        assert!(refused.ends_with(
            "train.tsv:6: \"S-Dis\" does not belong to scheme IOB2, which the rest of the file follows"
        ));
    }
}

#[test]
fn all_lines_that_are_wrong_are_named_up_to_twenty() {
    let mut text = "was O\n".repeat(39) + "gout B-D\n\na O\nb X-Foo\n\nc I-D\n\nd\ne B-\n";
    let some = refusals(&text);
    let starts: Vec<_> = some.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(starts, ["43", "45", "47", "48"], "{some:?}");
    text.push_str(&"w Y-D\n".repeat(30));
    let many = refusals(&text);
    assert_eq!(many.len(), 21);
    assert!(many[20].ends_with("14 more lines are wrong"), "{many:?}");
}

#[test]
fn lines_may_end_with_carriage_returns_only() {
    let lf = "It O\nwas O\n\ngout B-D\n";
    let want = parsed(lf).unwrap();
    assert_eq!(want.sentences.len(), 2);
    for end in ["\r", "\r\n", "\r\r\n"] {
        assert_eq!(parsed(&lf.replace('\n', end)).unwrap(), want, "{end:?}");
    }
    assert_eq!(parsed("It O\rwas O\r\rgout B-D\r\n").unwrap(), want);
    if let Some(read) = reported("cr", "train.tsv") {
        let read = read.unwrap();
        let words: usize = read.sentences.iter().map(|sentence| sentence.tokens.len()).sum();
        assert_eq!(
            (read.sentences.len() > 20, words > 200),
            (true, true),
            "{} {words}",
            read.sentences.len()
        );
    }
}

#[test]
fn a_file_without_blank_lines_is_known() {
    assert!(parsed("It O\nwas O\ngout B-D\n").unwrap().is_unseparated());
    assert!(!parsed("It O\nwas O\n\ngout B-D\n").unwrap().is_unseparated());
    let document = format!("-DOCSTART- O\n{}", "was O\n".repeat(200));
    assert!(parsed(&document.repeat(3)).unwrap().is_unseparated());
}

#[test]
fn further_columns_of_tags_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let of = |text: &str, tag_column| {
        let path = dir.path().join("x.tsv");
        std::fs::write(&path, text).unwrap();
        let options = ReadOptions { token_column: Some(2), tag_column, ..ReadOptions::default() };
        crate::corpus::tag_columns(&path, &options).unwrap()
    };
    let nested = "1\tgout\tB-Chem\tB-Dis\n2\tis\tO\tO\n";
    assert_eq!(of(nested, None), (4, vec![3]));
    assert_eq!(of(nested, Some(3)), (3, vec![4]));
    assert_eq!(of("1\tgout\tNN\tB-Dis\n2\tO\tO\tO\n", None), (4, vec![]));
    assert_eq!(of("1\tgout\tO\tB-Dis\n2\tO\tO\tO\n", None), (4, vec![]), "a column of O only says nothing");
}

#[test]
fn tags_in_another_column_than_the_last_are_named() {
    let error = parsed("It\tO\ts1\ngout\tB-D\ts1\n\nno\tO\ts2\n").unwrap_err();
    assert!(
        error.contains("the last column holds no tags, but column 2 does; name it with --tag-column 2"),
        "{error}"
    );
    let error = parsed("O\tIt\nB-D\tgout\n\nO\tno\n").unwrap_err();
    assert!(error.contains("but column 1 does"), "{error}");
    let error = parsed("It O\ngout B-D\nno X-D\n").unwrap_err();
    assert!(error.contains(":3: \"X-D\" is no tag"), "one wrong line is named: {error}");
}
