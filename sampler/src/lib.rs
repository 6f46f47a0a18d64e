//! pedigree-sampler
