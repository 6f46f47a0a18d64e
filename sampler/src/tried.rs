//! The parameters of a trial, read by many suggestions.
//!
//! Owns the cache of where they lie in the space. Must not know what became of the trial.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use pedigree_protocol::{ParamValues, Scalar};

use crate::axis::Reader;

/// Coordinates, one for each dimension in file order (`None`: inactive).
pub(crate) type Coordinates = Arc<[Option<f64>]>;

/// Parameters of a trial. Copies share the values and the cached coordinates, so a caller that keeps its trials from one
/// suggestion to the next saves reading them again.
#[derive(Debug, Clone)]
pub struct Tried(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    values: ParamValues,
    /// The fingerprint of the space that asked first, and the coordinates there; `None` where the values do not lie in it.
    place: OnceLock<(u64, Option<Coordinates>)>,
}

impl Tried {
    /// The coordinates in the reader's space; `None` where the values do not lie in it. `found` is a buffer.
    pub(crate) fn place<'v>(
        &'v self,
        reader: &Reader<'_>,
        found: &mut Vec<Option<&'v Scalar>>,
    ) -> Option<Coordinates> {
        let mut read = || reader.coordinates(&self.0.values, found).map(Coordinates::from);
        let (space, place) = self.0.place.get_or_init(|| (reader.space(), read()));
        if *space == reader.space() { place.clone() } else { read() }
    }
}

impl From<ParamValues> for Tried {
    fn from(values: ParamValues) -> Self {
        Self(Arc::new(Inner { values, place: OnceLock::new() }))
    }
}

impl Deref for Tried {
    type Target = ParamValues;

    fn deref(&self) -> &ParamValues {
        &self.0.values
    }
}

impl PartialEq for Tried {
    fn eq(&self, other: &Self) -> bool {
        self.0.values == other.0.values
    }
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::Space;
    use pedigree_protocol::{Dimension, Domain};

    use super::*;
    use crate::axis::Axis;

    fn space(max: i64) -> Space {
        let domain = Domain::Int { min: 0, max, log: false, step: None };
        Space::new(vec![Dimension { name: "r".into(), domain, when: [].into(), prior: None }]).unwrap()
    }

    #[test]
    fn what_is_remembered_of_one_space_says_nothing_about_another() {
        let tried = Tried::from(ParamValues::from([("r".to_owned(), Scalar::Int(7))]));
        let (wide, narrow) = (space(9), space(5));
        for _ in 0..2 {
            for (space, place) in [(&wide, Some(vec![Some(7.0)])), (&narrow, None)] {
                let axes = Axis::all(space);
                let found = tried.place(&Reader::new(&axes), &mut Vec::new());
                assert_eq!(found.as_deref(), place.as_deref());
            }
        }
    }
}
