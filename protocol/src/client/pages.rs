//! Lists: the pages of a route, walked one after the other.

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Client;
use super::error::Result;
use super::route::Route;
use crate::page::{LARGEST_LIMIT, Page, PageQuery};

/// No filter.
pub(super) const ALL: &() = &();

impl Client {
    /// One page of a list. `T` may carry more than the page.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        route: &Route,
        filter: &(impl Serialize + Sync),
        page: &PageQuery,
    ) -> Result<T> {
        self.decode(self.request(Method::GET, route)?.query(filter).query(page)).await
    }

    /// The first items of a list, `most` at most, as one page: its `next` says whether the list goes on.
    pub(super) async fn first<T: DeserializeOwned>(
        &self,
        route: &Route,
        filter: &(impl Serialize + Sync),
        most: Option<u32>,
    ) -> Result<Page<T>> {
        let mut all = Page { items: Vec::new(), next: None, total: None };
        loop {
            let here = u32::try_from(all.items.len()).unwrap_or(u32::MAX);
            let left = most.map_or(LARGEST_LIMIT, |most| most.saturating_sub(here)).min(LARGEST_LIMIT);
            if left == 0 {
                return Ok(all);
            }
            let wanted = PageQuery { limit: Some(left), cursor: all.next.take() };
            let page: Page<T> = self.page(route, filter, &wanted).await?;
            all.items.extend(page.items);
            (all.next, all.total) = (page.next, page.total);
            if all.next.is_none() {
                return Ok(all);
            }
        }
    }
}
