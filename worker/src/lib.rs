//! pedigree-worker
