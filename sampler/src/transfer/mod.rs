//! What finished sibling studies (donors) contribute to a search.
//!
//! The first trial is one of the donors' best configurations: the one that all donors together rank highest. After that a
//! donor counts only as far as it ranks this study's own trials better than chance (`rank`, `similarity`). It then
//! contributes draws near its good trials while the sampler has no model (`propose`), and the prior of a model that takes
//! one (`tpe`).
//!
//! The donors' trial postpones the sampler's start-up design and does not replace it, so that donors that know nothing cost
//! only that trial. Mixing densities by task similarity is the idea of meta-learned TPE (Watanabe et al., arXiv:2212.06751);
//! similarity here is the agreement of rankings, which needs fewer trials than the overlap of good sets. Must not know how
//! samplers work, nor where donors are kept.

mod propose;
mod rank;
mod similarity;

pub use crate::donor::Donor;
pub(crate) use propose::{propose, record};
pub use rank::ASKED_UNTIL;
pub(crate) use rank::rank;
