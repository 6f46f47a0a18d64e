//! Recognising the caller: by bearer token, by session cookie, or as nobody in particular.

use axum::http::HeaderMap;
use pedigree_protocol::access::Role;
use sqlx::PgPool;

use crate::access::caller::{By, Caller};
use crate::access::secret::{self, Hash};
use crate::access::{session, token};
use crate::error::ApiResult;

/// What callers are recognised by.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// Tokens and sessions.
    pub(crate) pool: PgPool,
    /// Hash of the coordinator's own token, which may do everything.
    pub(crate) own: Option<Hash>,
    /// What a caller without any credentials may do.
    pub(crate) anonymous: Option<Role>,
}

impl Credentials {
    /// Recognises the caller. `None` is a caller without credentials where they are demanded.
    pub(crate) async fn recognise(&self, headers: &HeaderMap) -> ApiResult<Option<Caller>> {
        if let Some(hash) = secret::bearer(headers) {
            return self.bearer(&hash).await.map(Some);
        }
        if let Some(hash) = secret::cookie(headers, session::COOKIE)
            && let Some(role) = session::find(&self.pool, &hash, self.own.as_ref()).await?
        {
            return Ok(Some(Caller { role, by: By::Session }));
        }
        Ok(self.anonymous.map(|role| Caller { role, by: By::Nothing }))
    }

    async fn bearer(&self, hash: &Hash) -> ApiResult<Caller> {
        match &self.own {
            Some(own) if own == hash => return Ok(Caller { role: Role::Admin, by: By::OwnToken }),
            // Open to everybody: a token of another coordinator does no harm.
            None if self.anonymous == Some(Role::Admin) => {
                return Ok(Caller { role: Role::Admin, by: By::Nothing });
            }
            _ => {}
        }
        match token::find(&self.pool, hash).await? {
            Some((id, role)) => Ok(Caller { role, by: By::Token(id) }),
            None => Err(token::refusal(&self.pool, hash).await?),
        }
    }
}
