//! Pages of lists: reads which page is wanted, and cuts it from one row more than it holds.
//!
//! A cursor is the key of the last item in hex: opaque to clients, and stable while rows come and go.

use chrono::{DateTime, Utc};
use pedigree_protocol::page::{DEFAULT_LIMIT, LARGEST_LIMIT, Page, PageQuery};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};

/// The page that a request wants of a list whose items are ordered by `K`.
#[derive(Debug)]
pub(crate) struct Wanted<K> {
    limit: u32,
    /// The key of the last item of the page before.
    pub(crate) after: Option<K>,
}

/// The key of lists with the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Newest {
    pub(crate) at: DateTime<Utc>,
    pub(crate) id: Uuid,
}

impl<K: Serialize + DeserializeOwned> Wanted<K> {
    /// Reads the query; a limit out of range and a cursor of another list are refused.
    pub(crate) fn read(query: &PageQuery) -> ApiResult<Self> {
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=LARGEST_LIMIT).contains(&limit) {
            return Err(ApiError::invalid(format!(
                "a page of {limit} items is not possible; give a limit from 1 to {LARGEST_LIMIT}"
            )));
        }
        Ok(Self { limit, after: query.cursor.as_deref().map(read_cursor).transpose()? })
    }

    /// How many rows to fetch: one more than the page holds, which tells whether another page follows.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page from the fetched items, each with its key.
    pub(crate) fn cut<T>(&self, items: Vec<T>, total: i64, key: impl Fn(&T) -> K) -> ApiResult<Page<T>> {
        let (mut items, limit) = (items, usize::try_from(self.limit).unwrap_or(usize::MAX));
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|last| write_cursor(&key(last))).transpose()?;
        Ok(Page { items, next, total: Some(total) })
    }
}

fn read_cursor<K: DeserializeOwned>(cursor: &str) -> ApiResult<K> {
    let key = hex::decode(cursor).ok().and_then(|json| serde_json::from_slice(&json).ok());
    key.ok_or_else(|| {
        ApiError::invalid("the cursor is not one of this list; give the `next` of the page before, or none")
    })
}

fn write_cursor(key: &impl Serialize) -> ApiResult<String> {
    let json = serde_json::to_vec(key).map_err(|error| ApiError::Broken(format!("a cursor: {error}")))?;
    Ok(hex::encode(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(limit: Option<u32>, cursor: Option<&str>) -> PageQuery {
        PageQuery { limit, cursor: cursor.map(str::to_owned) }
    }

    #[test]
    fn a_limit_out_of_range_is_refused() {
        for (limit, rows) in [(None, Some(101)), (Some(1), Some(2)), (Some(1000), Some(1001))] {
            assert_eq!(Wanted::<String>::read(&query(limit, None)).ok().map(|wanted| wanted.rows()), rows);
        }
        for limit in [0, 1001, u32::MAX] {
            let error = Wanted::<String>::read(&query(Some(limit), None)).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("a page of {limit} items is not possible; give a limit from 1 to 1000")
            );
        }
    }

    #[test]
    fn a_cursor_that_no_page_gave_is_refused() {
        let of_another_list = hex::encode(r#""name""#);
        for cursor in ["", "7", "name", "7b7d", of_another_list.as_str()] {
            let error = Wanted::<Newest>::read(&query(None, Some(cursor))).unwrap_err();
            assert!(error.to_string().starts_with("the cursor is not one of this list"), "{error}");
        }
    }

    #[test]
    fn the_next_page_begins_after_the_last_item() {
        let first = Wanted::<String>::read(&query(Some(2), None)).unwrap();
        let name = |name: &&str| (*name).to_owned();
        let page = first.cut(vec!["a", "b", "c"], 3, name).unwrap();
        assert_eq!((page.items, page.total), (vec!["a", "b"], Some(3)));
        let second = Wanted::<String>::read(&query(Some(2), page.next.as_deref())).unwrap();
        assert_eq!(second.after.as_deref(), Some("b"));
        assert_eq!(second.cut(vec!["c"], 3, name).unwrap().next, None);
    }
}
