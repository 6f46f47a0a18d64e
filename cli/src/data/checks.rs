//! What must hold for three splits before anything is sent, and what is only warned of.

use pedigree_trainer_core::corpus::{CorpusError, LabelSet, Split, overlap};

use crate::output::Output;

/// From this share of dev's sentences on, in percent, their repetition in train is told.
const LARGE_SHARE: usize = 20;

/// The three splits, read.
pub(super) struct Corpus<'a> {
    pub(super) train: &'a Split,
    pub(super) dev: &'a Split,
    pub(super) test: &'a Split,
}

impl Corpus<'_> {
    /// Checks the splits against each other; returns the labels that a model would learn.
    ///
    /// # Errors
    /// Splits from which nothing could be learned or measured.
    pub(super) fn check(&self) -> anyhow::Result<LabelSet> {
        if self.train.sentences == self.dev.sentences {
            return Err(CorpusError::TrainIsDev.into());
        }
        let labels = LabelSet::of(self.train, self.dev)?;
        labels.check_test(self.test)?;
        Ok(labels)
    }

    /// Warns of what may be meant, but seldom is.
    pub(super) fn warn(&self, output: Output) {
        self.warnings().iter().for_each(|warning| output.note(&format!("warning: {warning}")));
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (name, split) in [("train", self.train), ("dev", self.dev), ("test", self.test)] {
            if split.is_unseparated() {
                warnings.push(format!(
                    "{name} has no blank line between sentences, so that {} words are one sentence; put a blank line after \
                     each sentence",
                    split.statistics().longest_sentence
                ));
            }
        }
        if self.test.statistics().entities == 0 {
            warnings.push("test holds no entity: the final score will say nothing".into());
        }
        let (shared, all) = (overlap(self.train, self.dev).sentences, self.dev.sentences.len());
        if shared * 100 >= all * LARGE_SHARE {
            warnings.push(format!(
                "{shared} of the {all} sentences of dev are in train too: dev scores will show what was learned by heart"
            ));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pedigree_trainer_core::corpus::{ReadOptions, parse};

    use super::*;

    fn split(text: &str) -> Split {
        parse(Path::new("x"), text.as_bytes(), &ReadOptions::default()).unwrap()
    }

    fn refusal(train: &str, dev: &str) -> String {
        let (train, dev, test) = (split(train), split(dev), split("x B-D\n\ny O\n"));
        let done = Corpus { train: &train, dev: &dev, test: &test }.check();
        done.unwrap_err().to_string()
    }

    #[test]
    fn splits_from_which_nothing_is_learned_or_measured_are_refused() {
        let tagged = "gout B-D\n\nwas O\n";
        assert!(refusal(tagged, "gout O\n\nwas O\n").starts_with("dev holds no entity"));
        assert!(refusal("gout O\n", tagged).starts_with("train holds no entity"));
        assert!(refusal("gout O\n", "was O\n").starts_with("neither train nor dev holds an entity"));
        assert!(refusal(tagged, tagged).starts_with("train and dev are the same sentences"));
    }

    #[test]
    fn large_overlaps_lost_sentence_ends_and_a_test_without_entities_are_told() {
        let of = |train: &str, dev: &str, test: &str| {
            let (train, dev, test) = (split(train), split(dev), split(test));
            Corpus { train: &train, dev: &dev, test: &test }.warnings().join("\n")
        };
        let train = "a B-D\n\nb O\n\nc O\n";
        assert_eq!(of(train, "d B-D\n\ne O\n", "x B-D\n\ny O\n"), "");
        let told = of(train, "a B-D\n\ne O\n", "x O\ny O\nz O\n");
        assert!(told.contains("1 of the 2 sentences of dev are in train too"), "{told}");
        assert!(told.contains("test holds no entity"), "{told}");
        assert!(told.contains("test has no blank line between sentences, so that 3 words are one"), "{told}");
    }
}
