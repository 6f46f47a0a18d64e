//! Whether what was read as words can be words. Corpora with ids in their first column are common.
//!
//! Owns signs that no text shows. Must not know files.

use std::collections::BTreeSet;

/// Below this number of neighbours nothing is said.
const FEWEST: usize = 5;
/// How often a sign must be there, out of ten.
const OF_TEN: usize = 9;
/// In a text of so many words, some come twice.
const LONG: usize = 100;
/// Parts of speech of the Penn Treebank and of Universal Dependencies, without those that are words too.
const PARTS_OF_SPEECH: &str = " NN NNS NNP NNPS NP NPS DT PDT WDT JJ JJR JJS VB VBD VBG VBN VBP VBZ RB RBR RBS WRB PRP \
     PRP$ PP PP$ WP WP$ CC CD EX FW MD POS RP SYM UH LS HYPH NFP AFX -LRB- -RRB- NOUN VERB ADJ ADP DET PROPN PUNCT PRON ADV AUX CCONJ SCONJ \
     NUM PART INTJ ";

/// What the words of `sentences` are instead, if they cannot be words.
pub fn instead_of_words(sentences: &[&[String]]) -> Option<&'static str> {
    let words = || sentences.iter().copied().flatten();
    let pairs = || sentences.iter().flat_map(|words| words.windows(2));
    let (words_in_all, pairs_in_all) = (words().count(), pairs().count());
    if pairs_in_all < FEWEST {
        return None;
    }
    let mostly = |count: usize, all: usize| count * 10 >= all * OF_TEN;
    if mostly(pairs().filter(|pair| pair[0] == pair[1]).count(), pairs_in_all) {
        return Some("one value that is repeated");
    }
    if mostly(pairs().filter(|pair| follows(&pair[0], &pair[1])).count(), pairs_in_all) {
        return Some("running numbers");
    }
    if mostly(words().filter(|word| !word.chars().any(char::is_alphabetic)).count(), words_in_all) {
        return Some("numbers");
    }
    let is_kind = |kind: fn(&str) -> bool| mostly(words().filter(|word| kind(word)).count(), words_in_all);
    if is_kind(is_tag) {
        return Some("tags");
    }
    if is_kind(is_part_of_speech) && words().any(|word| word.chars().any(char::is_alphabetic)) {
        return Some("parts of speech");
    }
    let distinct: BTreeSet<&str> = words().map(String::as_str).collect();
    (words_in_all >= LONG && distinct.len() * 20 >= words_in_all * 19).then_some("values that do not repeat")
}

/// Whether this is the name of a part of speech, or a sign that stands for itself among those.
fn is_part_of_speech(word: &str) -> bool {
    let is_sign = word.chars().all(|c| c.is_ascii_punctuation());
    is_sign || ["IN", "TO", "X"].contains(&word) || PARTS_OF_SPEECH.contains(&format!(" {word} "))
}

/// Whether `next` counts on from `before`: `3` `4`, `w09` `w10`.
fn follows(before: &str, next: &str) -> bool {
    let (Some(before), Some(next)) = (counter(before), counter(next)) else { return false };
    before.0 == next.0 && before.1.checked_add(1) == Some(next.1)
}

/// What stands before the number at the end, and the number.
fn counter(word: &str) -> Option<(&str, u64)> {
    let rest = word.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((rest, word[rest.len()..].parse().ok()?))
}

fn is_tag(word: &str) -> bool {
    let kind = word.strip_prefix(['B', 'I', 'E', 'S', 'L', 'U']).and_then(|rest| rest.strip_prefix('-'));
    word == "O" || kind.is_some_and(|kind| !kind.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sentences: &[&str]) -> Option<&'static str> {
        let words = |text: &&str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let sentences: Vec<_> = sentences.iter().map(words).collect();
        instead_of_words(&sentences.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn ids_numbers_and_tags_are_no_words() {
        assert_eq!(found(&["1 2 3 4", "1 2 3"]), Some("running numbers"));
        assert_eq!(found(&["0 1 2 3 4 5 6 7 8 9 10"]), Some("running numbers"));
        assert_eq!(found(&["s1-t8 s1-t9 s1-t10", "s2-t1 s2-t2 s2-t3 s2-t4"]), Some("running numbers"));
        assert_eq!(found(&["7 7 7 7", "8 8 8"]), Some("one value that is repeated"));
        assert_eq!(found(&["PMID12 PMID12 PMID12 PMID12 PMID12 PMID12"]), Some("one value that is repeated"));
        assert_eq!(found(&["0-4 5-9 10-12 12-13 14-19 20-21 22-23"]), Some("numbers"));
        assert_eq!(found(&["O O B-Dis I-Dis O B-Dis O"]), Some("tags"));
        assert_eq!(found(&["DT NN VBZ IN NNP .", "PRP VBD JJ NNS ."]), Some("parts of speech"));
        assert_eq!(found(&["DET NOUN VERB ADP PROPN PUNCT"]), Some("parts of speech"));
        let ids: Vec<String> =
            (0..120_u32).map(|id| format!("{:08x}", id.wrapping_mul(2_654_435_761))).collect();
        assert_eq!(found(&[&ids.join(" ")]), Some("values that do not repeat"));
    }

    #[test]
    fn texts_are_words() {
        assert_eq!(found(&["Vitamin B 1 2 3 in 0.5 % of 10 mice ."]), None);
        assert_eq!(found(&["no no no no no , it was gout"]), None);
        assert_eq!(found(&["痛 风 。 不 是 癌"]), None);
        assert_eq!(found(&["1 2", "3"]), None, "too few to say");
        let names: Vec<String> =
            (0..60_u32).map(|name| format!("gene{:x}", name.wrapping_mul(2_654_435_761))).collect();
        assert_eq!(found(&[&names.join(" ")]), None, "a short text may repeat none");
        assert_eq!(found(&["IN TO BE OR NOT TO BE , THAT IS IT ."]), None);
    }
}
