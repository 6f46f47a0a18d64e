//! Who may do what: roles, tokens, login links. Owns the table of permissions; knows nothing of how a caller is
//! recognised.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::TokenId;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "role", rename_all = "snake_case"))]
pub enum Role {
    /// Read everything but sealed content.
    Viewer,
    /// Read, take work, and write about its own attempts.
    Worker,
    /// Read, register content, create and control studies.
    Operator,
    /// Everything, tokens included.
    Admin,
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To read.
    Read,
    /// To take work and write about it.
    Work,
    /// To put content into the artifact store, as workers and operators do.
    Upload,
    /// To register content and control studies.
    Operate,
    /// To make and revoke tokens.
    Administer,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Worker, Self::Operator, Self::Admin];

    /// Whether the role suffices.
    pub const fn may(self, need: Need) -> bool {
        match self {
            Self::Viewer => matches!(need, Need::Read),
            Self::Worker => matches!(need, Need::Read | Need::Work | Need::Upload),
            Self::Operator => matches!(need, Need::Read | Need::Upload | Need::Operate),
            Self::Admin => true,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Worker => "worker",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let role = Self::ALL.into_iter().find(|role| role.name() == text);
        role.ok_or_else(|| format!("there is no role {text:?}; known: viewer, worker, operator, admin"))
    }
}

/// A token's text. Only [`Secret::expose`] shows it; printing and logging do not.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A request for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenSpec {
    /// Name for people, unique among the tokens that are not revoked.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// Seconds until it expires; never, when absent.
    pub lifetime_s: Option<u32>,
}

/// A token as lists show it. Its text is absent: the coordinator does not keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Its name.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// It is neither revoked nor expired.
    pub live: bool,
}

/// A new token. Its text is in this answer only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    /// The token.
    pub token: Token,
    /// Its text.
    pub secret: Secret,
}

/// A link that logs a browser in, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginLink {
    /// Path and query below the coordinator's address.
    pub path: Secret,
    /// What the browser may then do.
    pub role: Role,
    /// When the link expires.
    pub expires_at: DateTime<Utc>,
}

/// Who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The caller's role: by its token, by its browser session, or as an anonymous caller.
    pub role: Role,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_allows_what_its_name_says_and_no_more() {
        use Need::{Administer, Operate, Read, Upload, Work};
        let allowed = |role: Role| -> Vec<Need> {
            [Read, Work, Upload, Operate, Administer].into_iter().filter(|&need| role.may(need)).collect()
        };
        assert_eq!(allowed(Role::Viewer), [Read]);
        assert_eq!(allowed(Role::Worker), [Read, Work, Upload]);
        assert_eq!(allowed(Role::Operator), [Read, Upload, Operate]);
        assert_eq!(allowed(Role::Admin), [Read, Work, Upload, Operate, Administer]);
    }

    #[test]
    fn a_secret_is_sent_but_not_printed() {
        let secret = Secret::from("s3cret".to_owned());
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"s3cret\"");
    }
}
