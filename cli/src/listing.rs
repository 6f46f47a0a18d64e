//! Lists of the coordinator: all of one, or its first items, with a note of how many more there are.

use pedigree_protocol::page::Page;

use crate::output::Output;

/// How much of a list is printed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Listing {
    /// Print only the first N [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
}

impl Listing {
    /// The items of the fetched part of a list. A note says how many the limit left out.
    pub(crate) fn items<T>(page: Page<T>, output: Output) -> Vec<T> {
        if page.next.is_some() {
            output.note(&left_out(page.items.len(), page.total));
        }
        page.items
    }

    /// The first items of a list that is here as a whole.
    pub(crate) fn cut<T>(self, mut items: Vec<T>, output: Output) -> Vec<T> {
        let all = items.len();
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(all);
        items.truncate(limit);
        if items.len() < all {
            output.note(&left_out(items.len(), i64::try_from(all).ok()));
        }
        items
    }
}

fn left_out(printed: usize, total: Option<i64>) -> String {
    match total.zip(i64::try_from(printed).ok()).map(|(total, printed)| total - printed) {
        Some(more) if more > 0 => format!("{more} more; give a larger --limit, or none"),
        _ => "there are more; give a larger --limit, or none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_was_cut_says_how_many_more_there_are() {
        assert_eq!(left_out(2, Some(7)), "5 more; give a larger --limit, or none");
        assert_eq!(left_out(2, None), "there are more; give a larger --limit, or none");
        let listing = Listing { limit: Some(2) };
        assert_eq!(listing.cut(vec![1, 2, 3], Output::new(true)), [1, 2]);
        assert_eq!(Listing { limit: None }.cut(vec![1, 2, 3], Output::new(true)), [1, 2, 3]);
    }
}
