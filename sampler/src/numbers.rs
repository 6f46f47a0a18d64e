//! Sets of trial numbers as records keep them: in ranges, because nearly all trials of a long study have ended, and each
//! record would repeat its whole past otherwise.

use serde::{Deserialize, Serialize};

/// Ascending numbers. Written as a list of numbers and of `[first, last]` for two or more in a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Numbers(Vec<Span>);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Span {
    One(u32),
    Row(u32, u32),
}

impl Span {
    const fn bounds(self) -> (u32, u32) {
        match self {
            Self::One(number) => (number, number),
            Self::Row(first, last) => (first, last),
        }
    }
}

impl Numbers {
    /// All of them, in order; of a row that runs backwards none.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|span| {
            let (first, last) = span.bounds();
            first..=last
        })
    }

    /// Adds a number; one that is there already changes nothing.
    pub(crate) fn insert(&mut self, number: u32) {
        let place = self.0.partition_point(|span| span.bounds().1 < number);
        if self.0.get(place).is_some_and(|span| span.bounds().0 <= number) {
            return;
        }
        let before = place.checked_sub(1).map(|before| self.0[before].bounds());
        let before = before.filter(|(_, last)| last.checked_add(1) == Some(number));
        let behind = self.0.get(place).map(|span| span.bounds());
        let behind = behind.filter(|(first, _)| number.checked_add(1) == Some(*first));
        let row = |first, last| if first == last { Span::One(first) } else { Span::Row(first, last) };
        let span = row(before.map_or(number, |(first, _)| first), behind.map_or(number, |(_, last)| last));
        let replaced = place - usize::from(before.is_some())..place + usize::from(behind.is_some());
        self.0.splice(replaced, [span]);
    }
}

impl FromIterator<u32> for Numbers {
    /// The numbers ascend.
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        for number in numbers {
            match spans.last_mut() {
                Some(span) if span.bounds().1.checked_add(1) == Some(number) => {
                    *span = Span::Row(span.bounds().0, number);
                }
                _ => spans.push(Span::One(number)),
            }
        }
        Self(spans)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_past_is_one_row() {
        let numbers: Numbers = (1..=5000).chain([5002]).chain(5010..=5011).collect();
        assert_eq!(serde_json::to_string(&numbers).unwrap(), "[[1,5000],5002,[5010,5011]]");
    }

    #[test]
    fn records_that_name_each_number_are_read_too() {
        let numbers: Numbers = serde_json::from_str("[1, 2, 4, [6, 8]]").unwrap();
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [1, 2, 4, 6, 7, 8]);
    }

    proptest! {
        #[test]
        fn numbers_added_one_by_one_are_the_same_set(numbers in proptest::collection::vec(0u32..60, 0..80)) {
            let mut added = Numbers::default();
            numbers.iter().for_each(|number| added.insert(*number));
            let all: std::collections::BTreeSet<u32> = numbers.into_iter().collect();
            prop_assert_eq!(added, all.into_iter().collect());
        }

        #[test]
        fn what_is_written_is_read(numbers in proptest::collection::btree_set(0u32..60, 0..40)) {
            let written = serde_json::to_value(numbers.iter().copied().collect::<Numbers>()).unwrap();
            let read: Numbers = serde_json::from_value(written).unwrap();
            prop_assert!(read.iter().eq(numbers));
        }
    }
}
