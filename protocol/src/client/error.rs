//! Why a request did not succeed.

use reqwest::StatusCode;

use crate::error::{ApiErrorBody, ErrorCode};

pub(super) type Result<T> = std::result::Result<T, ClientError>;

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No answer, or one that broke off; the same request may succeed later.
    #[error("the coordinator at {server} does not answer{}", through(proxy.as_deref()))]
    Unreachable {
        /// The coordinator's address.
        server: String,
        /// The proxy through which it was asked.
        proxy: Option<String>,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The coordinator refused.
    #[error("{}", .0.message)]
    Refused(ApiErrorBody),
    /// An answer that is not the coordinator's.
    #[error(
        "{server} answered {status} with something that is no Pedigree answer{}; is the address right?",
        through(proxy.as_deref())
    )]
    Foreign {
        /// The coordinator's address.
        server: String,
        /// The proxy through which it was asked.
        proxy: Option<String>,
        /// HTTP status.
        status: StatusCode,
    },
}

fn through(proxy: Option<&str>) -> String {
    proxy.map_or_else(String::new, |proxy| {
        format!(" through the proxy {proxy}, which the environment names (no_proxy lists the hosts that need none)")
    })
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
