//! The flavours of synthetic corpora.

use std::fmt;

use super::grammar::Grammar;
use super::{chemical, disease};

/// Which corpus to write. Flavours differ in vocabulary, types and difficulty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// Diseases and chemicals that their endings tell: any working training finds nearly all.
    Easy,
    /// Chemical names whose type the words around them tell.
    Chemical,
    /// Long disease names and findings, with more label noise.
    Disease,
}

impl Flavour {
    /// All flavours.
    pub const ALL: [Self; 3] = [Self::Easy, Self::Chemical, Self::Disease];

    /// The name that users write.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Chemical => "chemical",
            Self::Disease => "disease",
        }
    }

    /// The flavour of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flavour| flavour.as_str() == name)
    }

    /// The grammar, of flavours that have one as data.
    pub(super) const fn grammar(self) -> Option<&'static Grammar> {
        match self {
            Self::Easy => None,
            Self::Chemical => Some(&chemical::GRAMMAR),
            Self::Disease => Some(&disease::GRAMMAR),
        }
    }

    /// The entity types, by name.
    pub const fn types(self) -> &'static [&'static str] {
        match self.grammar() {
            Some(grammar) => grammar.types,
            None => &["Chemical", "Disease"],
        }
    }

    /// Of a hundred entities, how many are annotated wrongly unless the user says otherwise.
    pub const fn usual_noise(self) -> u8 {
        match self.grammar() {
            Some(grammar) => grammar.noise,
            None => 0,
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
