//! Recognising the caller: by bearer token, by session cookie, or as nobody in particular.

use axum::http::HeaderMap;
use pedigree_protocol::TokenId;
use pedigree_protocol::access::Role;

use crate::access::secret::{self, Hash};
use crate::access::{session, token};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

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
    /// The token that was made here and borne.
    pub(crate) const fn token(&self) -> Option<TokenId> {
        match self.by {
            By::Token(id) => Some(id),
            By::OwnToken | By::Session | By::Nothing => None,
        }
    }
}

/// Recognises the caller; `None` is one without credentials where nobody is let in without.
pub(crate) async fn recognise(app: &App, headers: &HeaderMap) -> ApiResult<Option<Caller>> {
    if let Some(text) = secret::bearer(headers) {
        return bearer(app, &secret::hash(text)).await.map(Some);
    }
    let own = app.token.as_ref();
    if let Some(text) = secret::cookie(headers, session::COOKIE)
        && let Some(role) = session::find(&app.pool, &secret::hash(text), own).await?
    {
        return Ok(Some(Caller { role, by: By::Session }));
    }
    Ok(app.anonymous.map(|role| Caller { role, by: By::Nothing }))
}

async fn bearer(app: &App, hash: &Hash) -> ApiResult<Caller> {
    match &app.token {
        Some(own) if own == hash => return Ok(Caller { role: Role::Admin, by: By::OwnToken }),
        // Open to everybody: a token that means something elsewhere does no harm.
        None if app.anonymous == Some(Role::Admin) => {
            return Ok(Caller { role: Role::Admin, by: By::Nothing });
        }
        _ => {}
    }
    match token::find(&app.pool, hash).await? {
        Some((id, role)) => Ok(Caller { role, by: By::Token(id) }),
        None => Err(ApiError::unauthorized(
            "this token is unknown, has expired or was revoked; `pedigree token create` makes another",
        )),
    }
}
