//! pedigree-orchestrator
