//! Entities of a tag sequence under each protocol.

use crate::ScoringProtocol;

/// An entity: its type and its first and last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entity<'a> {
    /// Entity type.
    pub kind: &'a str,
    /// First word.
    pub first: usize,
    /// Last word.
    pub last: usize,
}

/// The entities of IOB2 tags, in order.
///
/// [`ScoringProtocol::Strict`]: only `B-X` opens an entity, and `I-X` of the same type goes on with it (seqeval 1.2.2
/// with `mode="strict", scheme=IOB2`). [`ScoringProtocol::Conlleval`]: an `I-X` that continues nothing opens one too
/// (seqeval's default mode and conlleval).
pub fn entities<T: AsRef<str>>(tags: &[T], protocol: ScoringProtocol) -> Vec<Entity<'_>> {
    let mut found: Vec<Entity<'_>> = Vec::new();
    let mut open = false;
    for (at, tag) in tags.iter().enumerate() {
        let (prefix, kind) = tag.as_ref().split_once('-').unwrap_or(("O", ""));
        match found.last_mut().filter(|entity| open && prefix == "I" && entity.kind == kind) {
            Some(entity) => entity.last = at,
            None => {
                open = prefix == "B" || (prefix == "I" && protocol == ScoringProtocol::Conlleval);
                if open {
                    found.push(Entity { kind, first: at, last: at });
                }
            }
        }
    }
    found
}
