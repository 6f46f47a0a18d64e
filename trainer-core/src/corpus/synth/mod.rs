//! Synthetic corpora that look like biomedical abstracts. For process tests, demonstrations and benches only: every folder says so
//! in a README.
//!
//! Owns what is written, and from which seeds. `easy` is a grammar in code; the other flavours are grammars as data
//! (`grammar`, with the words of `chemical` and `disease`), whose annotation `noise` then spoils.

mod chemical;
mod disease;
mod easy;
mod flavour;
mod grammar;
mod noise;

pub use flavour::Flavour;

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use self::grammar::Teller;
use super::Sentence;
use crate::rng::Seeds;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SynthSpec {
    /// Vocabulary, types and difficulty.
    pub flavour: Flavour,
    /// Seed: the same seed gives the same files.
    pub seed: u64,
    /// Sentences of train.
    pub train: usize,
    /// Sentences of dev.
    pub dev: usize,
    /// Sentences of test.
    pub test: usize,
    /// Of a hundred entities, how many are annotated wrongly, in all splits.
    pub noise: u8,
}

impl SynthSpec {
    /// A corpus of that flavour with its usual noise.
    pub const fn new(flavour: Flavour, seed: u64, [train, dev, test]: [usize; 3]) -> Self {
        Self { flavour, seed, train, dev, test, noise: flavour.usual_noise() }
    }
}

/// Writes `train.conll`, `dev.conll`, `test.conll` and a `README.txt` that marks them as synthetic.
///
/// # Errors
/// What the file system said.
pub fn write(dir: &Path, spec: SynthSpec) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    for (split, sentences) in [("train", spec.train), ("dev", spec.dev), ("test", spec.test)] {
        let mut text = String::new();
        for sentence in sentences_of(spec, split, sentences) {
            for (token, tag) in sentence.tokens.iter().zip(&sentence.tags) {
                let _ = writeln!(text, "{token}\t{tag}");
            }
            text.push('\n');
        }
        std::fs::write(dir.join(format!("{split}.conll")), text)?;
    }
    std::fs::write(dir.join("README.txt"), readme(spec))
}

fn sentences_of(spec: SynthSpec, split: &str, count: usize) -> Vec<Sentence> {
    // The easy flavour came first; the same seeds still give its files.
    let seeds = Seeds::root(spec.seed).child("synthetic corpus");
    let seeds = match spec.flavour {
        Flavour::Easy => seeds,
        other => seeds.child(other.as_str()),
    };
    let (mut draws, mut mistakes) = (seeds.child(split).draws(), seeds.child(split).child("noise").draws());
    let mut sentence = || match spec.flavour.grammar() {
        None => easy::sentence(&mut draws),
        Some(grammar) => Teller { grammar, draws: &mut draws, is_train: split == "train" }.sentence(),
    };
    let spoilt = |mut sentence: Sentence| {
        noise::spoil(&mut sentence, spec.noise, spec.flavour.types(), &mut mistakes);
        sentence
    };
    (0..count).map(|_| sentence()).map(spoilt).collect()
}

fn readme(spec: SynthSpec) -> String {
    format!(
        "SYNTHETIC DATA. Written by pedigree's corpus::synth from a small grammar and an invented lexicon\n\
         (flavour {}, seed {}, {} / {} / {} sentences, {} % of the entities annotated wrongly on purpose).\n\
         No word of it was said about any patient, drug or disease.\n\
         Scores on it say that the machinery works, nothing about biomedical text.\n",
        spec.flavour, spec.seed, spec.train, spec.dev, spec.test, spec.noise
    )
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::corpus::{LabelSet, ReadOptions, Split, overlap, read};

    fn written(spec: SynthSpec) -> [Split; 3] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), spec).unwrap();
        let text = std::fs::read_to_string(dir.path().join("README.txt")).unwrap();
        assert!(text.starts_with("SYNTHETIC DATA"), "{text}");
        ["train", "dev", "test"]
            .map(|split| read(&dir.path().join(format!("{split}.conll")), &ReadOptions::default()).unwrap())
    }

    #[test]
    fn every_flavour_is_labelled_seeded_and_readable() {
        for flavour in Flavour::ALL {
            assert_eq!(Flavour::named(flavour.as_str()), Some(flavour));
            let spec = SynthSpec::new(flavour, 5, [200, 50, 50]);
            let [train, dev, test] = written(spec);
            assert_eq!(train.sentences, written(spec)[0].sentences, "{flavour}");
            assert_ne!(train.sentences, written(SynthSpec { seed: 6, ..spec })[0].sentences, "{flavour}");
            let count = |split: &Split| split.sentences.len();
            assert_eq!((count(&train), count(&dev), count(&test)), (200, 50, 50));
            let labels = LabelSet::of(&train, &dev).unwrap();
            assert_eq!(labels.types(), flavour.types());
            labels.check_test(&test).unwrap();
            assert!(train.statistics().entities > 100, "{flavour}");
            assert!(overlap(&train, &test).sentences < 25, "{flavour}");
        }
    }

    /// The tags of each name, by its words.
    fn readings(split: &Split) -> BTreeMap<String, BTreeSet<String>> {
        let mut readings = BTreeMap::<String, BTreeSet<String>>::new();
        for sentence in &split.sentences {
            for (token, tag) in sentence.tokens.iter().zip(&sentence.tags) {
                readings.entry(token.clone()).or_default().insert(tag.clone());
            }
        }
        readings
    }

    #[test]
    fn in_the_hard_flavours_context_decides_and_many_names_are_unseen() {
        for flavour in [Flavour::Chemical, Flavour::Disease] {
            let spec = SynthSpec { noise: 0, ..SynthSpec::new(flavour, 5, [2000, 500, 500]) };
            let [train, dev, _] = written(spec);
            let seen = readings(&train);
            let openings = |tags: &BTreeSet<String>| tags.iter().filter(|tag| tag.starts_with("B-")).count();
            let ambiguous = seen.values().filter(|tags| openings(tags) > 1 || tags.len() > 1).count();
            assert!(ambiguous > 30, "{flavour}: {ambiguous} words with more than one reading");
            let names: Vec<_> = readings(&dev).into_iter().filter(|(_, tags)| openings(tags) > 0).collect();
            let unseen = names.iter().filter(|(name, _)| !seen.contains_key(name)).count();
            assert!(3 * unseen > names.len(), "{flavour}: {unseen} of {} names are unseen", names.len());
        }
    }

    #[test]
    fn noise_changes_tags_and_no_word() {
        let clean = SynthSpec { noise: 0, ..SynthSpec::new(Flavour::Disease, 5, [300, 50, 50]) };
        let (clean, noisy) = (written(clean), written(SynthSpec { noise: 30, ..clean }));
        let words = |splits: &[Split; 3]| {
            let tokens = splits.iter().flat_map(|split| &split.sentences).map(|it| it.tokens.clone());
            tokens.collect::<Vec<_>>()
        };
        assert_eq!(words(&clean), words(&noisy));
        let changed = clean[0].sentences.iter().zip(&noisy[0].sentences).filter(|(a, b)| a.tags != b.tags);
        assert!((40..200).contains(&changed.count()));
    }
}
