//! Predictions of a final run: a JSON object a line for each sentence, from which scores and significance tests are
//! computed later without any model.
//!
//! Owns the shape of these lines and their counts. Must not know who predicted, or where the lines are stored.

use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};

use crate::objective::ScoringProtocol;

/// Entities right, spurious and missed: of one sentence, or added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Predicted entities with the right boundaries and type.
    #[serde(rename = "tp")]
    pub true_positives: u64,
    /// Predicted entities that are not gold.
    #[serde(rename = "fp")]
    pub false_positives: u64,
    /// Gold entities that were not predicted.
    #[serde(rename = "fn")]
    pub false_negatives: u64,
}

impl Counts {
    /// 2 tp / (2 tp + fp + fn); 0 where nothing is gold or predicted.
    pub fn f1(self) -> f64 {
        let right = 2 * self.true_positives;
        let all = right + self.false_positives + self.false_negatives;
        if all == 0 { 0.0 } else { right as f64 / all as f64 }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
    }
}

/// What was predicted for one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentencePrediction {
    /// `train`, `dev` or `test`.
    pub split: String,
    /// Index of the sentence in its split, from 0.
    pub index: u64,
    /// Index of its document, where the corpus marks documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<u64>,
    /// Words.
    pub tokens: u64,
    /// Predicted tag of each word.
    pub predicted: Vec<String>,
    /// Gold tag of each word.
    pub gold: Vec<String>,
    /// Counts under [`ScoringProtocol::Strict`].
    pub strict: Counts,
    /// Counts under [`ScoringProtocol::Conlleval`].
    pub conlleval: Counts,
    /// Counts over pieces: not comparable with the other two.
    pub subtoken_all: Counts,
}

impl SentencePrediction {
    /// The counts under one protocol.
    pub const fn under(&self, protocol: ScoringProtocol) -> Counts {
        match protocol {
            ScoringProtocol::Strict => self.strict,
            ScoringProtocol::Conlleval => self.conlleval,
        }
    }

    /// Checks that every word has both tags.
    fn check(&self) -> Result<(), String> {
        let (predicted, gold) = (self.predicted.len() as u64, self.gold.len() as u64);
        if (predicted, gold) == (self.tokens, self.tokens) {
            return Ok(());
        }
        Err(format!("{} tokens have {predicted} predicted and {gold} gold tags", self.tokens))
    }
}

/// Lines that are no predictions.
#[derive(Debug, thiserror::Error)]
pub enum PredictionsError {
    /// They cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// One of them is no prediction of a sentence.
    #[error(
        "line {line} is not a sentence of a predictions.jsonl: {problem}; give what a final run or `pedigree evaluate \
         --predictions` wrote"
    )]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads and checks a `predictions.jsonl`.
///
/// # Errors
/// The first line that is wrong.
pub fn read(lines: impl BufRead) -> Result<Vec<SentencePrediction>, PredictionsError> {
    let sentence = |(index, line): (usize, io::Result<String>)| {
        let line = line.map_err(PredictionsError::Unreadable)?;
        let of = |problem| PredictionsError::Line { line: index + 1, problem };
        let sentence: SentencePrediction =
            serde_json::from_str(&line).map_err(|error| of(error.to_string()))?;
        sentence.check().map_err(of)?;
        Ok(sentence)
    };
    lines.lines().enumerate().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"split":"test","index":3,"tokens":2,"predicted":["B-D","O"],"gold":["B-D","B-C"],"strict":{"tp":1,"fp":0,"fn":1},"conlleval":{"tp":1,"fp":0,"fn":1},"subtoken_all":{"tp":2,"fp":0,"fn":1}}"#;

    #[test]
    fn a_line_comes_back_byte_for_byte() {
        let read = read(LINE.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&read[0]).unwrap(), LINE);
        assert_eq!((read[0].index, read[0].document, read[0].tokens), (3, None, 2));
        assert_eq!(read[0].under(ScoringProtocol::Strict).false_negatives, 1);
    }

    #[test]
    fn the_first_wrong_line_is_named() {
        let of = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        let sentence = of(&format!("{LINE}\n{{\"split\": \"test\"}}\n"));
        assert!(
            sentence.starts_with("line 2 is not a sentence of a predictions.jsonl: missing field"),
            "{sentence}"
        );
        let untagged = LINE.replace(r#""gold":["B-D","B-C"]"#, r#""gold":["B-D"]"#);
        assert!(of(&untagged).contains("2 tokens have 2 predicted and 1 gold tags"), "{}", of(&untagged));
    }

    #[test]
    fn f1_by_hand() {
        let mut sum = Counts::default();
        assert_eq!(sum.f1(), 0.0);
        sum += Counts { true_positives: 1, false_positives: 1, false_negatives: 0 };
        sum += Counts { true_positives: 0, false_positives: 0, false_negatives: 1 };
        assert_eq!(sum.f1(), 0.5);
    }
}
