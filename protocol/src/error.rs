//! The body of every HTTP answer that is not a success.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiErrorBody {
    /// As a class.
    pub code: ErrorCode,
    /// As a sentence: what is wrong and what would be right.
    pub message: String,
}

/// Classes of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request makes no sense as it is (400).
    Invalid,
    /// No, or a wrong, token (401).
    Unauthorized,
    /// A caller who is known but may not do this (403).
    Forbidden,
    /// Known, but not to be handed out, such as a sealed test split (403).
    Sealed,
    /// No such thing (404).
    NotFound,
    /// It contradicts what is there (409).
    Conflict,
    /// Too many requests by this caller (429); try again a little later.
    TooMany,
    /// The coordinator or its database failed (500, 503); try again.
    Internal,
}
