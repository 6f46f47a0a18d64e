//! pedigree-protocol
