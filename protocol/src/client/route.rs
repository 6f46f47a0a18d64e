//! Where a request goes under `/api/v1`. Every segment is percent-encoded here and nowhere else.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::{ClientError, Result};
use crate::error::{ApiErrorBody, ErrorCode};

/// What stands in a segment as it is: RFC 3986's unreserved characters.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The segments of a path, not encoded.
#[derive(Debug)]
pub(super) struct Route(Vec<String>);

/// `route!["studies", study, "replay"]`: each segment by its `to_string`.
macro_rules! route {
    ($($segment:expr),+ $(,)?) => {
        $crate::client::route::Route::new(vec![$($segment.to_string()),+])
    };
}
pub(super) use route;

impl Route {
    pub(super) const fn new(segments: Vec<String>) -> Self {
        Self(segments)
    }

    /// The path as a URL has it.
    ///
    /// # Errors
    /// A segment that no URL can carry: URLs leave out `.`, take `..` for the folder above, and have no empty names.
    pub(super) fn encode(&self) -> Result<String> {
        if let Some(name) = self.0.iter().find(|segment| matches!(segment.as_str(), "" | "." | "..")) {
            let message = format!("there is nothing named {name:?}; give a name");
            return Err(ClientError::Refused(ApiErrorBody { code: ErrorCode::NotFound, message }));
        }
        let mut path = String::new();
        for segment in &self.0 {
            path.push('/');
            path.extend(utf8_percent_encode(segment, &ENCODED));
        }
        Ok(path)
    }
}
