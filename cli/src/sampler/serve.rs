//! `pedigree sampler serve`: a sampler for programs in other languages, and for benchmarks of samplers.
//!
//! Moves lines between stdin, a [`Session`] and stdout. The session owns their meaning.

use std::io::{self, BufRead as _, Write as _};

use anyhow::Context as _;
use pedigree_protocol::Method;
use pedigree_sampler::Session;

use crate::method::method;

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Method that proposes the trials
    #[arg(long, value_name = "NAME", default_value = Method::Auto.as_str(), value_parser = method())]
    sampler: Method,
}

pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let mut session = Session::new(args.sampler);
    let mut stdout = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line.context("cannot read the next request; send lines of UTF-8")?;
        writeln!(stdout, "{}", session.answer(&line))?;
        stdout.flush()?;
    }
    Ok(())
}
