//! Names inside the folder of a backbone.

/// Subfolder of a backbone or of a trained adapter that holds the adapter from which fine-tuning starts.
pub const START: &str = "dapt";

/// Files that say how text becomes pieces. A backbone has some of them.
pub const TOKENIZER_FILES: [&str; 6] = [
    "tokenizer.json",
    "vocab.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "spm.model",
];
