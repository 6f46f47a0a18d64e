//! What a worker reports: no body makes the reader panic, and what it accepts survives being stored.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pedigree_protocol::lease::AttemptWrite;
use pedigree_protocol::objective::ScoringProtocol;

fuzz_target!(|bytes: &[u8]| {
    let Ok(write) = serde_json::from_slice::<AttemptWrite>(bytes) else { return };
    let stored = serde_json::to_string(&write).expect("a report can be stored");
    let again: AttemptWrite = serde_json::from_str(&stored).expect("a stored report can be read");
    assert_eq!(write, again);
    if let AttemptWrite::Report { metrics } = write {
        for protocol in [ScoringProtocol::Strict, ScoringProtocol::Conlleval] {
            assert!(metrics.dev.under(protocol).f1.is_finite(), "JSON has no other numbers");
        }
    }
});
