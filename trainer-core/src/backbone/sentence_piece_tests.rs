//! Golden encodings of `spm.model`, made by transformers (`tests/peers/sentence_piece.py`), and damaged files.

use std::path::{Path, PathBuf};

use super::pieces::WordPieces;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/sentence-piece")
}

fn refusal(bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("spm.model"), bytes).unwrap();
    WordPieces::open(dir.path()).map(drop).unwrap_err().to_string()
}

/// On a Unigram model with DeBERTa-v3's normaliser and special pieces; the published file itself was not at hand.
#[test]
fn pieces_of_a_sentence_piece_model_are_those_of_transformers() {
    let pieces = WordPieces::open(&vectors()).unwrap();
    assert_eq!(pieces.vocabulary(), 801, "[MASK] is added");
    assert_eq!((pieces.frame.cls, pieces.frame.sep, pieces.unknown, pieces.mask()), (1, 2, 3, Some(800)));
    let golden = std::fs::read_to_string(vectors().join("encodings.jsonl")).unwrap();
    let mut sentences = 0;
    for line in golden.lines() {
        let (words, ids): (Vec<String>, Vec<Vec<u32>>) = serde_json::from_str(line).unwrap();
        let mut ours = vec![Vec::new(); words.len()];
        for piece in pieces.split(&words) {
            ours[piece.word as usize].push(piece.id);
        }
        // A word of which nothing is left has no piece there, and [UNK] here.
        let theirs: Vec<Vec<u32>> =
            ids.into_iter().map(|ids| if ids.is_empty() { vec![pieces.unknown] } else { ids }).collect();
        assert_eq!(ours, theirs, "{words:?}");
        sentences += 1;
    }
    assert_eq!(sentences, 2000);
}

#[test]
fn a_saved_tokenizer_gives_the_same_pieces() {
    let pieces = WordPieces::open(&vectors()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    pieces.save(&dir.path().join("tokenizer.json")).unwrap();
    let saved = WordPieces::open(dir.path()).unwrap();
    let words = ["ﬁbrosis", "of", "TNF‐α", "½", "[MASK]", "痛风"].map(String::from);
    assert_eq!(saved.split(&words), pieces.split(&words));
}

#[test]
fn damaged_models_are_refused_and_never_panic() {
    let whole = std::fs::read(vectors().join("spm.model")).unwrap();
    assert!(refusal(b"").contains("spm.model: the file is empty"));
    assert!(refusal(b"\xff\xff\xff").contains("spm.model: not a SentencePiece model"));
    assert!(refusal(&whole[..whole.len() / 2]).contains("spm.model: "));
    let unknown = whole.windows(7).position(|bytes| bytes == b"\x0a\x05[UNK]").unwrap();
    let kind = unknown + whole[unknown..].windows(2).position(|bytes| bytes == [0x18, 2]).unwrap() + 1;
    let mut without = whole.clone();
    without[kind] = 1;
    assert!(refusal(&without).contains("no piece stands for what the others do not cover"));
    // The table of characters is the longest field: its first units are the root of the trie.
    let at = whole.windows(4).position(|bytes| bytes == b"nmt_").unwrap();
    let mut damaged = 0;
    for step in 0..200 {
        let mut bytes = whole.clone();
        let place = at + 16 + step * 37;
        bytes[place] ^= 0x5a;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("spm.model"), bytes).unwrap();
        match WordPieces::open(dir.path()) {
            Ok(pieces) => {
                let words =
                    ["ﬁbrosis", "①", "ＡＢＣ", "e\u{301}", "\u{1e9b}\u{323}", "\u{a0}"].map(String::from);
                pieces.split(&words);
            }
            Err(_) => damaged += 1,
        }
    }
    assert!(damaged > 0, "no damage was noticed");
}
