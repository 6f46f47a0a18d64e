//! Browser sessions in the database: a login link that can be followed once, then a cookie.

use std::time::Duration;

use chrono::{DateTime, Utc};
use pedigree_protocol::access::{LoginLink, Role};
use sqlx::PgPool;
use uuid::Uuid;

use crate::access::secret::{self, Hash};
use crate::error::ApiResult;

/// The cookie's name.
pub(crate) const COOKIE: &str = "pedigree_session";
/// How long a session lasts.
pub(crate) const LIFETIME: Duration = Duration::from_hours(12);
/// How long a login link waits to be followed.
const LINK_LIFETIME: Duration = Duration::from_mins(5);

/// Makes a login link for a caller whose token has the hash `issuer`. Deletes expired sessions and links on the way.
pub(crate) async fn link(pool: &PgPool, role: Role, issuer: &Hash) -> ApiResult<LoginLink> {
    sqlx::query!("DELETE FROM sessions WHERE expires_at < now()").execute(pool).await?;
    let code = secret::make("pdl");
    let expires_at: DateTime<Utc> = sqlx::query_scalar!(
        "INSERT INTO sessions (id, role, issuer_hash, code_hash, expires_at)
         VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5::double precision)) RETURNING expires_at",
        Uuid::now_v7(),
        role as _,
        issuer,
        &secret::hash(&code),
        LINK_LIFETIME.as_secs_f64(),
    )
    .fetch_one(pool)
    .await?;
    Ok(LoginLink { path: format!("/login?code={code}").into(), role, expires_at })
}

/// Turns a link's code into a session, and answers the cookie's value. `None`: the code was used, has expired or is
/// wrong.
pub(crate) async fn open(pool: &PgPool, code: &str) -> ApiResult<Option<String>> {
    let cookie = secret::make("pds");
    let done = sqlx::query!(
        "UPDATE sessions SET code_hash = NULL, cookie_hash = $2,
             expires_at = now() + make_interval(secs => $3::double precision)
         WHERE code_hash = $1 AND expires_at > now()",
        &secret::hash(code),
        &secret::hash(&cookie),
        LIFETIME.as_secs_f64(),
    );
    Ok((done.execute(pool).await?.rows_affected() == 1).then_some(cookie))
}

/// The role of a live session. A session ends with the token that opened it, be it one made here or the coordinator's
/// own.
pub(crate) async fn find(pool: &PgPool, cookie: &Hash, own: Option<&Hash>) -> ApiResult<Option<Role>> {
    let role = sqlx::query_scalar!(
        r#"SELECT s.role AS "role: Role" FROM sessions s
           WHERE s.cookie_hash = $1 AND s.expires_at > now()
             AND (s.issuer_hash = $2 OR EXISTS (
                 SELECT 1 FROM tokens t
                 WHERE t.hash = s.issuer_hash AND t.revoked_at IS NULL
                   AND (t.expires_at IS NULL OR t.expires_at > now())))"#,
        cookie,
        own.map(<[u8; 32]>::as_slice),
    );
    Ok(role.fetch_optional(pool).await?)
}

/// Ends a session.
pub(crate) async fn close(pool: &PgPool, cookie: &Hash) -> ApiResult<()> {
    sqlx::query!("DELETE FROM sessions WHERE cookie_hash = $1", cookie).execute(pool).await?;
    Ok(())
}
