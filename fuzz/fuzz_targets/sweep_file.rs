//! The reader of search-space files: no text makes it panic; a file that is accepted holds a valid space, or says why
//! there is no study in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pedigree_protocol::sweep::{Overrides, SweepFile};

fuzz_target!(|text: &str| {
    let Ok(file) = SweepFile::parse(text, "input.yaml") else { return };
    let flags = Overrides { dataset: Some("d".into()), backbone: Some("b".into()), ..Overrides::default() };
    if let Ok(spec) = file.spec(&flags) {
        let stored = serde_json::to_string(&spec).expect("a study can be stored");
        let again = serde_json::from_str(&stored).expect("a stored study can be read");
        assert_eq!(spec, again);
    }
});
