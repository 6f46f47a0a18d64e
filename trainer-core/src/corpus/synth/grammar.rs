//! A grammar as data: lists of words by name, and sentence templates that draw from them.
//!
//! A template is text. `{name}` is one choice of the list of that name, which may draw from other lists. Words between `[Type`
//! and `]` are an entity of that type. The same list may stand inside and outside of brackets: then only the words around
//! a name tell what it is. Must not know the words.

use super::super::Sentence;
use crate::rng::Draws;

/// The words of a list.
pub(super) struct List {
    pub(super) name: &'static str,
    pub(super) choices: &'static [&'static str],
    /// The last choices, which sentences of train never have.
    pub(super) unseen: usize,
}

/// A list of which train sees every choice.
pub(super) const fn list(name: &'static str, choices: &'static [&'static str]) -> List {
    List { name, choices, unseen: 0 }
}

/// A list whose last `unseen` choices train never sees.
pub(super) const fn partly_unseen(
    name: &'static str,
    unseen: usize,
    choices: &'static [&'static str],
) -> List {
    List { name, choices, unseen }
}

/// Everything that a flavour's sentences are made of.
pub(super) struct Grammar {
    /// The entity types, by name.
    pub(super) types: &'static [&'static str],
    pub(super) templates: &'static [&'static str],
    pub(super) lists: &'static [List],
    /// Of a hundred entities, so many are annotated wrongly, unless the user says otherwise.
    pub(super) noise: u8,
}

/// Draws sentences of a split.
pub(super) struct Teller<'a> {
    pub(super) grammar: &'a Grammar,
    pub(super) draws: &'a mut Draws,
    /// Whether the split is train.
    pub(super) is_train: bool,
}

impl Teller<'_> {
    /// One sentence: a template or two.
    pub(super) fn sentence(&mut self) -> Sentence {
        let mut sentence = Sentence { tokens: Vec::new(), tags: Vec::new(), document: None };
        self.clause(&mut sentence);
        if self.draws.below(4) == 0 {
            add("and", &mut sentence);
            self.clause(&mut sentence);
        }
        add(".", &mut sentence);
        sentence
    }

    fn clause(&mut self, sentence: &mut Sentence) {
        let template = *self.draws.pick(self.grammar.templates);
        add(&self.expanded(template), sentence);
    }

    /// The text with every `{name}` replaced.
    fn expanded(&mut self, text: &str) -> String {
        let Some((before, rest)) = text.split_once('{') else { return text.to_owned() };
        let Some((name, after)) = rest.split_once('}') else { return text.to_owned() };
        let chosen = self.choice(name);
        let chosen = self.expanded(chosen);
        format!("{before}{chosen}{}", self.expanded(after))
    }

    fn choice(&mut self, name: &str) -> &'static str {
        let Some(list) = self.grammar.lists.iter().find(|list| list.name == name) else { return "" };
        let seen = list.choices.len() - if self.is_train { list.unseen } else { 0 };
        let choice: &&str = self.draws.pick(&list.choices[..seen]);
        choice
    }
}

/// Adds the words of an expanded template, tagged by its brackets.
fn add(text: &str, sentence: &mut Sentence) {
    let mut entity: Option<&str> = None;
    let mut first = false;
    for word in text.split_whitespace() {
        if let Some(kind) = word.strip_prefix('[') {
            (entity, first) = (Some(kind), true);
        } else if word == "]" {
            entity = None;
        } else {
            let tag = entity.map(|kind| format!("{}-{kind}", if first { 'B' } else { 'I' }));
            sentence.tokens.push(word.to_owned());
            sentence.tags.push(tag.unwrap_or_else(|| "O".to_owned()));
            first = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::flavour::Flavour;
    use super::*;

    /// The names in braces of a text.
    fn references(text: &str) -> impl Iterator<Item = &str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
    }

    #[test]
    fn every_reference_has_a_list_and_every_list_is_used() {
        for grammar in Flavour::ALL.iter().filter_map(|flavour| flavour.grammar()) {
            let names: BTreeSet<_> = grammar.lists.iter().map(|list| list.name).collect();
            assert_eq!(names.len(), grammar.lists.len(), "a list is there twice");
            let choices = grammar.lists.iter().flat_map(|list| list.choices);
            let used: BTreeSet<_> =
                grammar.templates.iter().chain(choices).flat_map(|text| references(text)).collect();
            assert_eq!(names, used);
            for list in grammar.lists {
                assert!(list.unseen < list.choices.len(), "train sees nothing of {}", list.name);
            }
        }
    }

    #[test]
    fn brackets_name_known_types_and_close() {
        for grammar in Flavour::ALL.iter().filter_map(|flavour| flavour.grammar()) {
            let choices = grammar.lists.iter().flat_map(|list| list.choices);
            for text in grammar.templates.iter().chain(choices) {
                let words: Vec<_> = text.split_whitespace().collect();
                let opened: Vec<_> = words.iter().filter_map(|word| word.strip_prefix('[')).collect();
                assert!(opened.iter().all(|kind| grammar.types.contains(kind)), "{text}");
                assert_eq!(opened.len(), words.iter().filter(|word| **word == "]").count(), "{text}");
            }
        }
    }

    #[test]
    fn words_are_tagged_by_their_brackets() {
        let mut sentence = Sentence { tokens: Vec::new(), tags: Vec::new(), document: None };
        add("given [Drug ralvor acid ] and [Drug ether ] [Drug gold ]", &mut sentence);
        assert_eq!(sentence.tokens.join(" "), "given ralvor acid and ether gold");
        assert_eq!(sentence.tags.join(" "), "O B-Drug I-Drug O B-Drug B-Drug");
    }
}
