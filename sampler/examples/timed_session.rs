//! A sampler session on standard input and output that says how long each answer took.
//!
//!     cargo run --release -p pedigree-sampler --example timed_session -- tpe
//!
//! The protocol is that of `pedigree sampler serve`. Each answer is followed by a line with the nanoseconds from the
//! request's text to the answer's text: the time without the pipe, beside which `benches/peers/optuna_ask.py` times its
//! peer.

#![expect(clippy::unwrap_used, reason = "a program for measurements, run by hand")]

use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use pedigree_protocol::Method;
use pedigree_sampler::Session;

fn main() {
    let name = std::env::args().nth(1).unwrap_or_else(|| "tpe".to_owned());
    let method = Method::ALL.into_iter().find(|method| method.as_str() == name).unwrap();
    let mut session = Session::new(method);
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let line = line.unwrap();
        let started = Instant::now();
        let answer = session.answer(&line);
        let nanoseconds = started.elapsed().as_nanos();
        writeln!(out, "{answer}\n{nanoseconds}").unwrap();
        out.flush().unwrap();
    }
}
