//! Who is calling. Owns the words for it; the gate finds it out.

use pedigree_protocol::TokenId;
use pedigree_protocol::access::Role;

/// Who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) role: Role,
    pub(crate) by: By,
}

/// How the caller was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The coordinator's own token.
    OwnToken,
    /// A token that was made here.
    Token(TokenId),
    /// A browser session's cookie.
    Session,
    /// Nothing: the role is what the coordinator grants to everybody.
    Nothing,
}

impl Caller {
    /// The token that was made here and that the caller bears.
    pub(crate) const fn token(&self) -> Option<TokenId> {
        match self.by {
            By::Token(id) => Some(id),
            By::OwnToken | By::Session | By::Nothing => None,
        }
    }
}
