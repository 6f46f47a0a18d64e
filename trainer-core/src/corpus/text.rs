//! Raw text into sentences and words, each with its place in the text.
//!
//! Owns two modest rules. A sentence ends where Unicode Standard Annex 29 ends it (so at every line end), but not after an
//! abbreviation such as "e.g." or a lone capital as in "J. Smith". A word is a run of letters and digits; every other
//! character that is not white space is its own word, as in the corpora that adapters are trained on. Must not know tags
//! or models.

use unicode_segmentation::UnicodeSegmentation as _;

/// A sentence does not end after these.
const ABBREVIATIONS: [&str; 14] = [
    "al.", "approx.", "ca.", "cf.", "dr.", "e.g.", "etc.", "fig.", "figs.", "i.e.", "no.", "resp.", "vs.",
    "viz.",
];

/// A word and its place. Places count characters (Unicode scalar values) of the whole text, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word, as it stands.
    pub text: String,
    /// Its first character.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
}

/// A sentence with at least one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSentence {
    /// As it stands, from the first to the last word.
    pub text: String,
    /// Its first character.
    pub start: usize,
    /// Its words.
    pub words: Vec<Word>,
}

impl TextSentence {
    /// The character after its last.
    pub fn end(&self) -> usize {
        self.words.last().map_or(self.start, |word| word.end)
    }

    /// A stretch of its text, from word `first` to word `last`.
    pub fn stretch(&self, first: usize, last: usize) -> String {
        let (from, to) = (self.words[first].start, self.words[last].end);
        self.text.chars().skip(from - self.start).take(to - from).collect()
    }
}

/// The sentences of `text`, which begins at character `offset` of a larger text.
pub fn sentences(text: &str, offset: usize) -> Vec<TextSentence> {
    let mut found = Vec::new();
    let (mut start, mut pending) = (offset, String::new());
    for segment in text.split_sentence_bounds() {
        pending.push_str(segment);
        if goes_on(&pending) {
            continue;
        }
        let length = pending.chars().count();
        found.extend(sentence(&pending, start));
        start += length;
        pending.clear();
    }
    found.extend(sentence(&pending, start));
    found
}

/// Whether a segment that ends here is only the beginning of a sentence.
fn goes_on(segment: &str) -> bool {
    if segment.ends_with(['\n', '\r', '\u{85}', '\u{2029}']) {
        return false;
    }
    let last = segment.split_whitespace().next_back().unwrap_or_default();
    let last = last.trim_start_matches(['(', '[', '"', '\'']);
    let mut letters = last.chars();
    let lone = matches!((letters.next(), letters.next(), letters.next()), (Some(c), Some('.'), None) if c.is_uppercase());
    lone || ABBREVIATIONS.contains(&last.to_lowercase().as_str())
}

fn sentence(text: &str, offset: usize) -> Option<TextSentence> {
    let words = words(text, offset);
    let (start, end) = (words.first()?.start, words.last()?.end);
    let text = text.chars().skip(start - offset).take(end - start).collect();
    Some(TextSentence { text, start, words })
}

/// Graphemes are kept whole, so that a letter stays with its accents.
fn words(text: &str, offset: usize) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut at, mut open) = (offset, false);
    for grapheme in text.graphemes(true) {
        let end = at + grapheme.chars().count();
        let is_letter = grapheme.chars().next().is_some_and(char::is_alphanumeric);
        match words.last_mut() {
            Some(word) if open && is_letter => {
                word.text.push_str(grapheme);
                word.end = end;
            }
            _ if grapheme.trim().is_empty() => {}
            _ => words.push(Word { text: grapheme.to_owned(), start: at, end }),
        }
        open = is_letter;
        at = end;
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str) -> Vec<Vec<String>> {
        let words = |sentence: TextSentence| sentence.words.into_iter().map(|word| word.text).collect();
        sentences(text, 0).into_iter().map(words).collect()
    }

    #[test]
    fn sentences_end_where_they_should() {
        let of = |text: &str| sentences(text, 0).into_iter().map(|s| s.text).collect::<Vec<_>>();
        assert_eq!(of("It was gout. He had pain.\nNext line"), ["It was gout.", "He had pain.", "Next line"]);
        assert_eq!(of("See Fig. 2 for IL-2 vs. Placebo."), ["See Fig. 2 for IL-2 vs. Placebo."]);
        assert_eq!(
            of("As J. Smith (e.g. Smith et al. 1999) said."),
            ["As J. Smith (e.g. Smith et al. 1999) said."]
        );
        assert_eq!(of("  E. coli grew at 0.5 mg. "), ["E. coli grew at 0.5 mg."]);
        assert!(of(" \n\n ").is_empty());
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(split("TNF-α (0.5%)"), [["TNF", "-", "α", "(", "0", ".", "5", "%", ")"]]);
        assert_eq!(split("Me\u{301}nie\u{300}re’s"), [["Me\u{301}nie\u{300}re", "’", "s"]]);
    }

    #[test]
    fn places_count_characters_from_the_offset() {
        let found = sentences("α β. Gout!", 10);
        assert_eq!((found[0].start, found[0].end()), (10, 14));
        let word = &found[1].words[0];
        assert_eq!((word.start, word.end, word.text.as_str()), (15, 19, "Gout"));
        assert_eq!(found[1].stretch(0, 1), "Gout!");
    }

    proptest! {
        #[test]
        fn every_word_stands_at_its_place(text in "[a-zA-Zé .,()\n\u{301}-]{0,60}") {
            let characters: Vec<char> = text.chars().collect();
            let mut last = 0;
            for sentence in sentences(&text, 0) {
                for (at, word) in sentence.words.iter().enumerate() {
                    prop_assert!(word.start >= last && word.end > word.start);
                    last = word.end;
                    prop_assert_eq!(characters[word.start..word.end].iter().collect::<String>(), word.text.clone());
                    prop_assert_eq!(sentence.stretch(at, at), word.text.clone());
                }
            }
            let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
            let kept: usize = split(&text).iter().flatten().map(|w| w.chars().filter(|c| c.is_alphanumeric()).count()).sum();
            prop_assert_eq!(letters, kept);
        }
    }
}
