//! Sets of trial numbers as records keep them: as ranges. Nearly all trials of a long study have ended, and each record
//! would repeat the whole past otherwise.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ascending trial numbers. Each item is a number, or `[first, last]` for two or more in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(from = "Vec<Span>")]
pub struct TrialNumbers(Vec<Span>);

/// A trial number, or the first and the last of several in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = TrialSpan)]
enum Span {
    /// One number.
    One(u32),
    /// The first and the last number.
    Row([u32; 2]),
}

impl Span {
    const fn new(first: u32, last: u32) -> Self {
        if first == last { Self::One(first) } else { Self::Row([first, last]) }
    }

    const fn bounds(self) -> (u32, u32) {
        match self {
            Self::One(number) => (number, number),
            Self::Row([first, last]) => (first, last),
        }
    }
}

impl From<Vec<Span>> for TrialNumbers {
    /// Joins neighbours, because older records name each number by itself. Drops ranges that run backwards.
    fn from(mut spans: Vec<Span>) -> Self {
        spans.retain(|span| span.bounds().0 <= span.bounds().1);
        spans.sort_by_key(|span| span.bounds());
        let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            let (first, last) = span.bounds();
            match joined.last_mut() {
                Some(before) if first <= before.bounds().1.saturating_add(1) => {
                    *before = Span::new(before.bounds().0, last.max(before.bounds().1));
                }
                _ => joined.push(Span::new(first, last)),
            }
        }
        Self(joined)
    }
}

impl TrialNumbers {
    /// Every number, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|span| {
            let (first, last) = span.bounds();
            first..=last
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the number is among them.
    pub fn contains(&self, number: u32) -> bool {
        let place = self.0.partition_point(|span| span.bounds().1 < number);
        self.0.get(place).is_some_and(|span| span.bounds().0 <= number)
    }

    /// Adds a number; one that is there already changes nothing.
    pub fn insert(&mut self, number: u32) {
        if self.contains(number) {
            return;
        }
        let place = self.0.partition_point(|span| span.bounds().1 < number);
        let before = place.checked_sub(1).map(|before| self.0[before].bounds());
        let before = before.filter(|(_, last)| last.checked_add(1) == Some(number));
        let behind = self.0.get(place).map(|span| span.bounds());
        let behind = behind.filter(|(first, _)| number.checked_add(1) == Some(*first));
        let first = before.map_or(number, |(first, _)| first);
        let last = behind.map_or(number, |(_, last)| last);
        let replaced = place - usize::from(before.is_some())..place + usize::from(behind.is_some());
        self.0.splice(replaced, [Span::new(first, last)]);
    }
}

impl FromIterator<u32> for TrialNumbers {
    /// The numbers ascend.
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        for number in numbers {
            match spans.last_mut() {
                Some(span) if span.bounds().1.checked_add(1) == Some(number) => {
                    *span = Span::new(span.bounds().0, number);
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
        let numbers: TrialNumbers = (1..=5000).chain([5002]).chain(5010..=5011).collect();
        assert_eq!(serde_json::to_string(&numbers).unwrap(), "[[1,5000],5002,[5010,5011]]");
    }

    #[test]
    fn lists_and_ranges_of_the_same_numbers_are_equal() {
        let read = |json: &str| serde_json::from_str::<TrialNumbers>(json).unwrap();
        let numbers = read("[1, 2, 4, [6, 8]]");
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [1, 2, 4, 6, 7, 8]);
        assert_eq!(numbers, read("[[1, 2], 4, 6, 7, 8]"));
        assert_eq!(read("[[8, 6]]"), TrialNumbers::default());
        assert_eq!(read("[[0, 4294967295], 7]").0, [Span::Row([0, u32::MAX])]);
        assert!(numbers.contains(7) && !numbers.contains(5) && !numbers.contains(9));
    }

    proptest! {
        #[test]
        fn numbers_added_one_by_one_are_the_same_set(numbers in proptest::collection::vec(0u32..60, 0..80)) {
            let mut added = TrialNumbers::default();
            numbers.iter().for_each(|number| added.insert(*number));
            let all: std::collections::BTreeSet<u32> = numbers.into_iter().collect();
            prop_assert_eq!(added, all.into_iter().collect());
        }

        #[test]
        fn what_is_written_is_read(numbers in proptest::collection::btree_set(0u32..60, 0..40)) {
            let written: TrialNumbers = numbers.iter().copied().collect();
            let json = serde_json::to_value(&written).unwrap();
            let read: TrialNumbers = serde_json::from_value(json).unwrap();
            prop_assert_eq!(&read, &written);
            prop_assert!(read.iter().eq(numbers));
        }
    }
}
