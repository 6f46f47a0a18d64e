//! What targets and seeds share: a small backbone, and three files packed into one input.

use std::path::Path;

use pedigree_trainer_core::backbone::{Family, RandomEncoder, write_random};

/// A BERT of one layer of 8 with random weights.
pub fn backbone(folder: &Path) {
    let words = ["breast", "cancer", "of", "the"].map(String::from).to_vec();
    let spec = RandomEncoder {
        family: Family::Bert,
        hidden: 8,
        layers: 1,
        heads: 2,
        intermediate: 16,
        max_positions: 16,
        seed: 1,
        words,
    };
    write_random(folder, &spec).expect("a folder can be written");
}

/// Three files packed into one input: each of the first two after its length in two bytes, the last is the rest.
pub fn parts(input: &[u8]) -> [&[u8]; 3] {
    let (first, rest) = part(input);
    let (second, rest) = part(rest);
    [first, second, rest]
}

fn part(input: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = input.split_first_chunk() else { return (&[], input) };
    rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()))
}

/// The reverse of [`parts`].
pub fn pack(files: [&[u8]; 3]) -> Vec<u8> {
    let length = |file: &[u8]| u16::try_from(file.len()).expect("a small file").to_le_bytes();
    [&length(files[0]), files[0], &length(files[1]), files[1], files[2]].concat()
}
