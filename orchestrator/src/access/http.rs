//! Routes of tokens and of logging in.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::access::{LoginLink, NewToken, Session, Token, TokenSpec};
use pedigree_protocol::page::{Page, PageQuery};
use serde::Deserialize;

use crate::access::caller::Caller;
use crate::access::{secret, session, token};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Json, Path, Query};

/// A page of the tokens, newest first, without their texts.
#[utoipa::path(get, path = "/tokens", tag = "access", operation_id = "list_tokens", params(PageQuery),
    responses((status = 200, body = Page<Token>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Token>>> {
    token::list(&app.pool, &page).await.map(Json)
}

/// Makes a token. Its text is in this answer and nowhere else.
#[utoipa::path(post, path = "/tokens", tag = "access", operation_id = "create_token", request_body = TokenSpec,
    responses((status = 200, body = NewToken), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn create(State(app): State<App>, Json(spec): Json<TokenSpec>) -> ApiResult<Json<NewToken>> {
    token::create(&app.pool, &spec).await.map(Json)
}

/// Revokes a token, and the sessions that it opened.
#[utoipa::path(delete, path = "/tokens/{token}", tag = "access", operation_id = "revoke_token",
    params(("token" = String, Path, description = "Name of the token")),
    responses((status = 200, body = Token), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn revoke(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Json<Token>> {
    token::revoke(&app.pool, &name).await.map(Json)
}

/// Makes a link that logs a browser in with the caller's role. It works once.
#[utoipa::path(post, path = "/login-links", tag = "access", operation_id = "create_login_link",
    responses((status = 200, body = LoginLink), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn create_link(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> ApiResult<Json<LoginLink>> {
    let issuer = secret::bearer(&headers).ok_or_else(|| {
        ApiError::invalid(
            "only a caller with a token can make a login link; without a token everybody has the same rights",
        )
    })?;
    session::link(&app.pool, caller.role, &issuer).await.map(Json)
}

/// What the caller may do. A page offers only that.
#[utoipa::path(get, path = "/session", tag = "access", operation_id = "get_session",
    responses((status = 200, body = Session), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn get_session(Extension(caller): Extension<Caller>) -> Json<Session> {
    Json(Session { role: caller.role })
}

/// Ends the browser's session.
#[utoipa::path(delete, path = "/session", tag = "access", operation_id = "end_session",
    responses((status = 204), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn end_session(State(app): State<App>, headers: HeaderMap) -> ApiResult<impl IntoResponse> {
    if let Some(cookie) = secret::cookie(&headers, session::COOKIE) {
        session::close(&app.pool, &cookie).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, set_cookie(&app, "", 0))]))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Login {
    code: String,
}

/// Follows a login link. A browser comes here, so this is not part of the API.
pub(crate) async fn login(
    State(app): State<App>,
    method: Method,
    Query(login): Query<Login>,
) -> ApiResult<Response> {
    // A preview of the link must not use it up.
    if method != Method::GET {
        return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    let Some(cookie) = session::open(&app.pool, &login.code).await? else {
        return Ok((StatusCode::UNAUTHORIZED, Html(page("", USED_UP))).into_response());
    };
    // This GET writes.
    app.durable.flushed().await?;
    // A page, not a redirect: browsers withhold the cookie along redirects that started on another site.
    let forward = "<meta http-equiv=\"refresh\" content=\"0;url=/\">";
    let headers = [
        (header::SET_COOKIE, set_cookie(&app, &cookie, session::LIFETIME.as_secs())),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    Ok((headers, Html(page(forward, "<p>Logged in. <a href=\"/\">To the studies</a></p>"))).into_response())
}

const USED_UP: &str = "<h1>This link does not work any more</h1>\
    <p>A login link works once, for five minutes. <code>pedigree login</code> prints a new one.</p>";

fn page(head: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Pedigree</title>{head}{body}</html>"
    )
}

fn set_cookie(app: &App, value: &str, seconds: u64) -> String {
    let secure = if app.encrypted { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}", session::COOKIE)
}
