//! The columns of a file: what separates them, how many there are, and which hold words and tags.
//!
//! Owns one rule: all lines of a file have the same columns. Must not know tags.

use std::collections::BTreeMap;

use super::lines::word;
use super::{Fault, ReadOptions};

/// The columns of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    /// Whether tabs separate them, so that a word may hold a blank.
    tabs: bool,
    /// How many most lines have.
    count: usize,
    token: Option<usize>,
    tag: Option<usize>,
}

impl Columns {
    /// The columns that most of `lines` have.
    pub(super) fn of(lines: &[&str], options: &ReadOptions) -> Self {
        let with_tab = lines.iter().filter(|line| line.contains('\t')).count();
        let tabs = 2 * with_tab > lines.len();
        let mut counts: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            let count = fields(line, tabs).len();
            counts.entry(count).or_insert((0, lines.len() - at)).0 += 1;
        }
        counts.remove(&1);
        // Of counts that are equally frequent, the one that comes first.
        let usual = counts.into_iter().max_by_key(|&(_, frequency)| frequency);
        let count = usual.map_or(2, |(count, _)| count);
        Self { tabs, count, token: options.token_column, tag: options.tag_column }
    }

    /// The column of the tags, and the others whose fields `is_tag` in every line of the usual columns.
    pub(super) fn tags(&self, lines: &[&str], is_tag: impl Fn(&str) -> bool) -> (usize, Vec<usize>) {
        let (token, tag) = (self.token.unwrap_or(1), self.tag.unwrap_or(self.count));
        let mut others = self.holding_tags(lines, is_tag);
        others.retain(|column| ![token, tag].contains(column));
        (tag, others)
    }

    /// The columns whose fields `is_tag` in every line of the usual columns.
    pub(super) fn holding_tags(&self, lines: &[&str], is_tag: impl Fn(&str) -> bool) -> Vec<usize> {
        let rows: Vec<Vec<&str>> = lines.iter().map(|line| fields(line, self.tabs)).collect();
        let usual = || rows.iter().filter(|row| row.len() == self.count);
        let holds_tags = |column: &usize| {
            usual().all(|row| is_tag(row[column - 1])) && usual().any(|row| row[column - 1] != "O")
        };
        (1..=self.count).filter(holds_tags).collect()
    }

    /// Word and tag of a line.
    ///
    /// # Errors
    /// Another number of columns, or a word without a character.
    pub(super) fn read<'a>(&self, line: &'a str) -> Result<(&'a str, &'a str), Fault> {
        let fields = fields(line, self.tabs);
        let text = || line.to_owned();
        if fields.len() == 1 {
            return Err(match line.chars().find(|c| c.is_whitespace() && !" \t".contains(*c)) {
                Some(space) => Fault::OddSeparator { text: text(), space: code(space) },
                None if self.tabs && line.contains(' ') => Fault::NoTab { text: text() },
                None => Fault::OneColumn { text: text() },
            });
        }
        if fields.len() != self.count {
            let hint =
                if self.tabs { "" } else { "; where a word holds a blank, separate the columns by tabs" };
            return Err(Fault::Columns { text: text(), found: fields.len(), usual: self.count, hint });
        }
        let (token, tag) = (self.token.unwrap_or(1), self.tag.unwrap_or(self.count));
        let field = |column: usize| {
            let found = column.checked_sub(1).and_then(|at| fields.get(at));
            found.copied().ok_or(Fault::NoSuchColumn { column, count: self.count })
        };
        let (word, tag) = (word(field(token)?), field(tag)?.trim());
        if word.is_empty() {
            return Err(Fault::EmptyToken { text: text(), column: token });
        }
        match word.chars().next() {
            Some(space) if word.trim().is_empty() => Err(Fault::BlankToken { space: code(space) }),
            _ => Ok((word, tag)),
        }
    }
}

/// The fields of a line. Empty ones at its end do not count.
fn fields(line: &str, tabs: bool) -> Vec<&str> {
    let mut fields: Vec<&str> = if tabs {
        line.split('\t').map(|field| field.trim_matches(' ')).collect()
    } else {
        line.split([' ', '\t']).filter(|field| !field.is_empty()).collect()
    };
    while fields.len() > 1 && fields.last() == Some(&"") {
        fields.pop();
    }
    fields
}

/// A character by its code point.
fn code(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}
