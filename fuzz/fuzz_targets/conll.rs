//! The CoNLL reader: no bytes make it panic, and what it read it reads again from its own canonical form.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use pedigree_trainer_core::corpus::{ReadOptions, parse};

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("input.conll");
    let options = ReadOptions { entity_type: Some("Disease".into()), ..ReadOptions::default() };
    let Ok(split) = parse(path, bytes, &options) else { return };
    let canonical = split.to_canonical_conll();
    let again = parse(path, canonical.as_bytes(), &options).expect("the canonical form is readable");
    assert_eq!(split.sentences.len(), again.sentences.len());
    for (a, b) in split.sentences.iter().zip(&again.sentences) {
        assert_eq!((&a.tokens, &a.tags), (&b.tokens, &b.tags));
    }
});
