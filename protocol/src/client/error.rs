//! Why a request did not succeed.

use reqwest::StatusCode;

use crate::error::{ApiErrorBody, ErrorCode};

pub(super) type Result<T> = std::result::Result<T, ClientError>;

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No answer, or one that broke off; the same request may succeed later.
    #[error("the coordinator at {server} does not answer")]
    Unreachable {
        /// The coordinator's address.
        server: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The coordinator refused.
    #[error("{}", .0.message)]
    Refused(ApiErrorBody),
    /// An answer that is not the coordinator's.
    #[error("{server} answered {status} with something that is no Pedigree answer; is the address right?")]
    Foreign {
        /// The coordinator's address.
        server: String,
        /// HTTP status.
        status: StatusCode,
    },
}

impl ClientError {
    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(body) => matches!(body.code, ErrorCode::Internal | ErrorCode::TooMany),
            Self::Foreign { status, .. } => status.is_server_error(),
        }
    }

    /// The coordinator's class of error, where it refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(body) => Some(body.code),
            Self::Unreachable { .. } | Self::Foreign { .. } => None,
        }
    }
}
