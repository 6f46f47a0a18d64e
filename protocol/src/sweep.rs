//! Search-space files.
