//! The CoNLL reader: columns separated by a tab or by blanks, token first, tag last, a blank line after a sentence.
//!
//! Owns the file syntax. Every error names file, line and the offending text.

use std::path::Path;

use super::scheme::{Tag, detect, to_iob2};
use super::{CorpusError, Fault, Sentence, Split};

/// How to read a split.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Entity type of bare `B` / `I` tags.
    pub entity_type: Option<String>,
}

/// Reads a split from a file.
///
/// # Errors
/// The first line that is wrong, or a file without sentences.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Split, CorpusError> {
    let bytes =
        std::fs::read(path).map_err(|source| CorpusError::Unreadable { path: path.to_owned(), source })?;
    parse(path, &bytes, options)
}

/// Reads a split from the bytes of a file; `path` only names it in errors.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, bytes: &[u8], options: &ReadOptions) -> Result<Split, CorpusError> {
    if bytes.is_empty() {
        return Err(CorpusError::empty(path, "the file is empty"));
    }
    let (rows, docstart_lines) = rows(path, bytes, options)?;
    if rows.is_empty() {
        return Err(CorpusError::empty(path, "the file holds no sentence"));
    }
    let scheme = detect(rows.iter().map(|row| row.tags.as_slice()));
    let sentences = rows
        .into_iter()
        .map(|row| {
            let tags = to_iob2(scheme, &row.tags)
                .map_err(|(index, fault)| CorpusError::line(path, row.lines[index], fault))?;
            Ok(Sentence { tokens: row.tokens, tags, document: row.document })
        })
        .collect::<Result<_, CorpusError>>()?;
    Ok(Split { sentences, scheme, docstart_lines })
}

/// A sentence whose tags are still in the file's scheme, with the line of each word.
#[derive(Default)]
struct Row {
    tokens: Vec<String>,
    tags: Vec<Tag>,
    lines: Vec<usize>,
    document: Option<usize>,
}

fn rows(path: &Path, bytes: &[u8], options: &ReadOptions) -> Result<(Vec<Row>, usize), CorpusError> {
    let (mut rows, mut row, mut docstart_lines) = (Vec::new(), Row::default(), 0);
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let fault = |fault| CorpusError::line(path, index + 1, fault);
        let line = text(line.strip_suffix(b"\r").unwrap_or(line)).map_err(fault)?;
        // Files put together keep their byte order marks; an empty first column stays empty.
        let line = line.trim_start_matches(|c: char| c == '\u{feff}' || (c.is_whitespace() && c != '\t'));
        let docstart = line.starts_with("-DOCSTART-");
        docstart_lines += usize::from(docstart);
        if docstart || line.trim().is_empty() {
            if !row.tokens.is_empty() {
                rows.push(std::mem::take(&mut row));
            }
            row.document = docstart_lines.checked_sub(1);
            continue;
        }
        let (token, tag) = columns(line).map_err(fault)?;
        row.tags.push(Tag::parse(tag, options.entity_type.as_deref()).map_err(fault)?);
        row.tokens.push(token.into());
        row.lines.push(index + 1);
    }
    if !row.tokens.is_empty() {
        rows.push(row);
    }
    Ok((rows, docstart_lines))
}

fn text(line: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(line).map_err(|error| {
        let before = String::from_utf8_lossy(&line[..error.valid_up_to()]).into_owned();
        Fault::NotUtf8 { byte: error.valid_up_to() + 1, before }
    })
}

/// First and last column. A tab, where there is one, is the only separator, so that a token may hold a blank.
fn columns(line: &str) -> Result<(&str, &str), Fault> {
    let mut fields: Vec<&str> = if line.contains('\t') {
        line.split('\t').map(str::trim).collect()
    } else {
        line.split_whitespace().collect()
    };
    while fields.len() > 1 && fields.last() == Some(&"") {
        fields.pop();
    }
    match fields[..] {
        [token, .., tag] if !token.is_empty() => Ok((token, tag)),
        _ => Err(Fault::OneColumn { text: line.into() }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::corpus::Scheme;

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
        let options = ReadOptions { entity_type: Some("Species".into()) };
        let split = parse(Path::new("x"), b"a\tB\nb\tI\nc\tO\n", &options).unwrap();
        assert_eq!(split.sentences[0].tags, ["B-Species", "I-Species", "O"]);
        assert!(parsed("a\tB\n").unwrap_err().contains("x.conll:1: \"B\" names no entity type; if all"));
        assert!(parsed("a\tB\n").unwrap_err().contains("--entity-type"));
    }

    #[test]
    fn line_ends_byte_order_mark_document_marks_and_columns() {
        let text = "\u{feff}-DOCSTART- -X- O\r\n\r\na NN B-D\r\nb c I-D\r\n\r\n \r\nz\tO";
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
}
