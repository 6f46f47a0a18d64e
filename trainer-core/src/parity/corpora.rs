//! Readers against the recorded counts of real corpora.

use std::collections::BTreeMap;

use super::shared;
use crate::corpus::{ReadOptions, Scheme, read};

#[test]
fn corpora_have_their_recorded_counts() {
    #[derive(serde::Deserialize)]
    struct Counts {
        sentences: usize,
        sentences_with_mention: usize,
        tokens: usize,
        mentions: usize,
        mentions_by_type: BTreeMap<String, usize>,
        longest_sentence: usize,
        docstart_lines: usize,
    }
    let Some(dir) = shared("PEDIGREE_CORPORA", "corpora") else { return };
    let text = std::fs::read_to_string(dir.join("counts.json")).unwrap();
    let recorded: BTreeMap<String, serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(&text).unwrap();
    for (corpus, splits) in recorded {
        for (name, counts) in splits {
            let path = dir.join(&corpus).join(format!("{name}.conll"));
            let Ok(want) = serde_json::from_value::<Counts>(counts) else { continue };
            let options = ReadOptions {
                entity_type: (corpus == "species-800").then(|| "Species".to_owned()),
                ..ReadOptions::default()
            };
            let split = read(&path, &options).unwrap();
            let ours = split.statistics();
            assert_eq!(split.instead_of_words(), None, "{corpus} {name}");
            assert_eq!(split.scheme, Scheme::Iob2, "{corpus} {name}");
            assert_eq!(ours.sentences, want.sentences, "{corpus} {name}");
            assert_eq!(ours.sentences_with_entity, want.sentences_with_mention, "{corpus} {name}");
            assert_eq!((ours.tokens, ours.entities), (want.tokens, want.mentions), "{corpus} {name}");
            assert_eq!(ours.longest_sentence, want.longest_sentence, "{corpus} {name}");
            assert_eq!(split.docstart_lines, want.docstart_lines, "{corpus} {name}");
            if corpus != "species-800" {
                assert_eq!(ours.entities_by_type, want.mentions_by_type, "{corpus} {name}");
            }
        }
    }
}
