//! Raw text as sequences of pieces.

use std::path::Path;

use crate::TrainError;
use crate::backbone::pieces::WordPieces;
use crate::corpus::CorpusError;
use crate::rng::Draws;

/// The passages of a file as piece ids, with special pieces.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sequences {
    /// Ids, `[CLS]` first, `[SEP]` last and between packed passages.
    pub(super) ids: Vec<Vec<u32>>,
    /// Characters of the text, white space included.
    pub(super) characters: usize,
}

impl Sequences {
    /// Reads one passage a line. A passage longer than `max_length` becomes several. With `pack`, short ones are joined in
    /// an order that the generator draws.
    ///
    /// # Errors
    /// A file that cannot be read or holds no text.
    pub(super) fn read(
        path: &Path,
        pieces: &WordPieces,
        max_length: usize,
        pack: Option<Draws>,
    ) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CorpusError::Unreadable { path: path.to_owned(), source })?;
        let passages: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if passages.is_empty() {
            return Err(CorpusError::empty(path, "the file holds no passage; give one a line").into());
        }
        let characters = passages.iter().map(|passage| passage.chars().count()).sum();
        let mut split: Vec<Vec<u32>> = passages.iter().map(|passage| ids(passage, pieces)).collect();
        let room = max_length - 2;
        let parts: Vec<Vec<u32>> = match pack {
            None => split.iter().flat_map(|ids| ids.chunks(room).map(<[u32]>::to_vec)).collect(),
            Some(mut order) => {
                order.shuffle(&mut split);
                packed(&split, room, pieces.frame.sep)
            }
        };
        let framed = |inner: Vec<u32>| [&[pieces.frame.cls], inner.as_slice(), &[pieces.frame.sep]].concat();
        Ok(Self { ids: parts.into_iter().map(framed).collect(), characters })
    }

    /// Pieces of each sequence.
    pub(super) fn lengths(&self) -> Vec<usize> {
        self.ids.iter().map(Vec::len).collect()
    }

    /// All pieces.
    pub(super) fn pieces(&self) -> usize {
        self.ids.iter().map(Vec::len).sum()
    }
}

fn ids(passage: &str, pieces: &WordPieces) -> Vec<u32> {
    let words: Vec<String> = passage.split_whitespace().map(String::from).collect();
    pieces.split(&words).into_iter().map(|piece| piece.id).collect()
}

/// Joins passages until the next one does not fit, with a separator between them.
fn packed(passages: &[Vec<u32>], room: usize, separator: u32) -> Vec<Vec<u32>> {
    let mut sequences = Vec::new();
    let mut open: Vec<u32> = Vec::new();
    for part in passages.iter().flat_map(|passage| passage.chunks(room)) {
        if !open.is_empty() && open.len() + 1 + part.len() > room {
            sequences.push(std::mem::take(&mut open));
        }
        if !open.is_empty() {
            open.push(separator);
        }
        open.extend_from_slice(part);
    }
    if !open.is_empty() {
        sequences.push(open);
    }
    sequences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_no_piece_and_respects_the_room() {
        let passages = vec![vec![1, 2, 3], vec![4, 5], vec![6; 9], vec![7], vec![8, 8]];
        let sequences = packed(&passages, 6, 0);
        assert_eq!(sequences, [vec![1, 2, 3, 0, 4, 5], vec![6; 6], vec![6, 6, 6, 0, 7], vec![8, 8]]);
    }
}
