//! Pages: every list of the API comes in pieces, each with the cursor of the next.
//!
//! A cursor names the last item of its page, so that items that are added or removed meanwhile neither double nor hide
//! another. What a list holds is not known here.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Items of a page, where the request names no limit.
pub const DEFAULT_LIMIT: u32 = 100;
/// The most items of a page. A request for more is refused.
pub const LARGEST_LIMIT: u32 = 1000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; `null` on the last page.
    #[schema(required)]
    pub next: Option<String>,
    /// Items of the whole list, under the same filters.
    pub total: Option<i64>,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The most items of the page: 1 to 1000, 100 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next` of the page before; the first page without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
