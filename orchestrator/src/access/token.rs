//! Tokens in the database.

use pedigree_protocol::TokenId;
use pedigree_protocol::access::{NewToken, Role, Token, TokenSpec};
use pedigree_protocol::page::{Page, PageQuery};
use sqlx::PgPool;

use crate::access::secret::{self, Hash};
use crate::error::{ApiError, ApiResult};
use crate::name;
use crate::page::{Newest, Wanted};

/// Makes a token. Only this answer holds its text.
pub(crate) async fn create(pool: &PgPool, spec: &TokenSpec) -> ApiResult<NewToken> {
    name::check("token", &spec.name)?;
    let (id, text) = (TokenId::new(), secret::make("pdg"));
    let made = sqlx::query_as!(
        Row,
        r#"INSERT INTO tokens (id, name, role, hash, expires_at)
           VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5::double precision))
           ON CONFLICT DO NOTHING
           RETURNING id, name, role AS "role: Role", created_at, expires_at, revoked_at, last_used_at,
               revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AS "live!""#,
        id.0,
        spec.name,
        spec.role as _,
        &secret::hash(&text),
        spec.lifetime_s.map(f64::from),
    );
    let row = made.fetch_optional(pool).await?.ok_or_else(|| {
        ApiError::conflict(format!(
            "there is a token {:?} already; revoke it first, or choose another name",
            spec.name
        ))
    })?;
    tracing::info!(token.id = %id, token.name = spec.name, role = %spec.role, "token made");
    Ok(NewToken { token: row.into(), secret: text.into() })
}

/// A page of the tokens, newest first, the revoked among them.
pub(crate) async fn list(pool: &PgPool, page: &PageQuery) -> ApiResult<Page<Token>> {
    let wanted = Wanted::<Newest>::read(page)?;
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, name, role AS "role: Role", created_at, expires_at, revoked_at, last_used_at,
               revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AS "live!"
           FROM tokens WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2::uuid)
           ORDER BY created_at DESC, id DESC LIMIT $3"#,
        wanted.after.map(|after| after.at),
        wanted.after.map(|after| after.id),
        wanted.rows(),
    );
    let tokens = rows.fetch_all(pool).await?.into_iter().map(Token::from).collect();
    let total = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM tokens"#).fetch_one(pool).await?;
    wanted.cut(tokens, total, |token| Newest { at: token.created_at, id: token.id.0 })
}

/// Revokes the token of this name. From now on the token and the sessions that it opened are refused.
pub(crate) async fn revoke(pool: &PgPool, name: &str) -> ApiResult<Token> {
    let revoke = sqlx::query_as!(
        Row,
        r#"UPDATE tokens SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL
           RETURNING id, name, role AS "role: Role", created_at, expires_at, revoked_at, last_used_at,
               revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AS "live!""#,
        name
    );
    let row = revoke.fetch_optional(pool).await?.ok_or_else(|| {
        ApiError::not_found(format!("there is no live token {name:?}; `pedigree token list` shows all"))
    })?;
    tracing::info!(token.name = name, "token revoked");
    Ok(row.into())
}

/// The live token with this hash. Notes that it was used, at most once a minute.
pub(crate) async fn find(pool: &PgPool, hash: &Hash) -> ApiResult<Option<(TokenId, Role)>> {
    let select = sqlx::query!(
        r#"SELECT id, role AS "role: Role",
               coalesce(last_used_at < now() - interval '1 min', true) AS "unnoted!"
           FROM tokens
           WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"#,
        hash
    );
    let Some(row) = select.fetch_optional(pool).await? else { return Ok(None) };
    if row.unnoted {
        sqlx::query!("UPDATE tokens SET last_used_at = now() WHERE id = $1", row.id).execute(pool).await?;
    }
    Ok(Some((TokenId(row.id), row.role)))
}

/// For how many seconds a token is still taken; `None` for one that never expires.
pub(crate) async fn seconds_left(pool: &PgPool, id: TokenId) -> ApiResult<Option<u64>> {
    let select = "SELECT extract(epoch FROM expires_at - now())::bigint FROM tokens WHERE id = $1";
    let left: Option<Option<i64>> = sqlx::query_scalar(select).bind(id.0).fetch_optional(pool).await?;
    Ok(left.flatten().map(|seconds| u64::try_from(seconds).unwrap_or(0)))
}

/// Why a token that is not live is refused: what became of it, where it was made here.
pub(crate) async fn refusal(pool: &PgPool, hash: &Hash) -> ApiResult<ApiError> {
    let select = "SELECT name, revoked_at IS NOT NULL FROM tokens WHERE hash = $1";
    let found: Option<(String, bool)> = sqlx::query_as(select).bind(&hash[..]).fetch_optional(pool).await?;
    let what = match found {
        Some((name, true)) => format!("the token {name} was revoked"),
        Some((name, false)) => format!("the token {name} has expired"),
        None => "this token is unknown here".to_owned(),
    };
    Ok(ApiError::unauthorized(format!("{what}; `pedigree token create` makes another")))
}

struct Row {
    id: uuid::Uuid,
    name: String,
    role: Role,
    created_at: chrono::DateTime<chrono::Utc>,
    expires_at: Option<chrono::DateTime<chrono::Utc>>,
    revoked_at: Option<chrono::DateTime<chrono::Utc>>,
    last_used_at: Option<chrono::DateTime<chrono::Utc>>,
    live: bool,
}

impl From<Row> for Token {
    fn from(row: Row) -> Self {
        Self {
            id: TokenId(row.id),
            name: row.name,
            role: row.role,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            live: row.live,
        }
    }
}
