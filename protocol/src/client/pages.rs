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
        let limit = Some(most.map_or(LARGEST_LIMIT, |most| most.min(LARGEST_LIMIT)));
        let page = self.page(route, filter, &PageQuery { limit, cursor: None }).await?;
        self.rest(route, filter, page, most).await
    }

    /// The same list as that page begins it.
    pub(super) async fn rest<T: DeserializeOwned>(
        &self,
        route: &Route,
        filter: &(impl Serialize + Sync),
        mut all: Page<T>,
        most: Option<u32>,
    ) -> Result<Page<T>> {
        loop {
            let here = u32::try_from(all.items.len()).unwrap_or(u32::MAX);
            let left = most.map_or(LARGEST_LIMIT, |most| most.saturating_sub(here)).min(LARGEST_LIMIT);
            let Some(cursor) = all.next.take_if(|_| left > 0) else { return Ok(all) };
            let wanted = PageQuery { limit: Some(left), cursor: Some(cursor) };
            let more: Page<T> = self.page(route, filter, &wanted).await?;
            all.items.extend(more.items);
            (all.next, all.total) = (more.next, more.total);
        }
    }
}
