//! Answers that are not a success. Owns the mapping from failures to statuses, and the one place where an internal
//! failure is logged.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pedigree_protocol::{ApiErrorBody, ErrorCode};

/// Why a request was not answered with a success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The request cannot be carried out; the caller learns why.
    #[error("{message}")]
    Refused {
        /// The class.
        code: ErrorCode,
        /// What is wrong and what would be right.
        message: String,
    },
    /// The database.
    #[error("the database refused an operation")]
    Database(#[from] sqlx::Error),
    /// Whether a write is on disk is unknown.
    #[error("the database's log could not be flushed")]
    Unflushed,
    /// The artifact store.
    #[error("the artifact store failed")]
    Store(#[from] object_store::Error),
    /// The coordinator was told to stop.
    #[error("this coordinator is stopping")]
    Leaving,
    /// A panic that was caught.
    #[error(transparent)]
    Panicked(#[from] crate::wall::Panicked),
    /// A state that should be impossible.
    #[error("an invariant is broken: {0}")]
    Broken(String),
}

/// The result of nearly everything in this crate.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// The request makes no sense as it is.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::refused(ErrorCode::Invalid, message)
    }

    /// No such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::refused(ErrorCode::NotFound, message)
    }

    /// The request contradicts the present state.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::refused(ErrorCode::Conflict, message)
    }

    /// The content exists, but is sealed.
    pub(crate) fn sealed(message: impl Into<String>) -> Self {
        Self::refused(ErrorCode::Sealed, message)
    }

    /// The caller is unknown.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::refused(ErrorCode::Unauthorized, message)
    }

    /// The caller is known, but not allowed to do this.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::refused(ErrorCode::Forbidden, message)
    }

    /// The caller asks too often.
    pub(crate) fn too_many() -> Self {
        Self::refused(ErrorCode::TooMany, "too many requests; wait a second, then go on more slowly")
    }

    fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    /// Whether the database is away. The same request may then succeed soon.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Database(error) => is_outage(error),
            Self::Unflushed => true,
            Self::Refused { .. } | Self::Store(_) | Self::Leaving | Self::Panicked(_) | Self::Broken(_) => {
                false
            }
        }
    }

    fn answer(self) -> (StatusCode, ApiErrorBody) {
        let internal =
            |message: &str| ApiErrorBody { code: ErrorCode::Internal, message: message.to_owned() };
        match self {
            Self::Refused { code, message } => (status(code), ApiErrorBody { code, message }),
            Self::Database(error) if is_outage(&error) => {
                // Upkeep logs once that the database is away.
                tracing::debug!(error = &error as &dyn std::error::Error, "the database does not answer");
                (StatusCode::SERVICE_UNAVAILABLE, internal("the database does not answer; try again"))
            }
            Self::Database(error) if is_unstorable(&error) => {
                let message = "a text in this request holds a NUL character, which no text here may";
                (StatusCode::BAD_REQUEST, ApiErrorBody { code: ErrorCode::Invalid, message: message.into() })
            }
            Self::Unflushed => {
                (StatusCode::SERVICE_UNAVAILABLE, internal("the database does not answer; try again"))
            }
            // Its trace is in the log already.
            Self::Panicked(panic) => (StatusCode::INTERNAL_SERVER_ERROR, internal(&panic.to_string())),
            Self::Leaving => (
                StatusCode::SERVICE_UNAVAILABLE,
                internal("this coordinator is stopping; try again elsewhere"),
            ),
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
                let message = "the coordinator failed; its log says why";
                (StatusCode::INTERNAL_SERVER_ERROR, internal(message))
            }
        }
    }
}

const fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Invalid => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::Sealed => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Whether the database is away: stopped, starting or unreachable.
pub(crate) fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        // A connection that breaks off in the middle of an answer.
        sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // Class 57P: the server is shutting down or starting. Class 08: connection. 53300: too many connections.
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| code.starts_with("57P") || code.starts_with("08") || code == "53300"),
        _ => false,
    }
}

/// Whether Postgres cannot store a text. Only a NUL character can cause that.
fn is_unstorable(error: &sqlx::Error) -> bool {
    // 22021: in a text. 22P05: in a JSON value.
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| matches!(&*code, "22021" | "22P05"))
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, body) = self.answer();
        let mut headers = HeaderMap::new();
        if status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        (status, headers, Json(body)).into_response()
    }
}
