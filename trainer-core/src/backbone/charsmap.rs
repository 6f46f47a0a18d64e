//! The normaliser's table in `spm.model`: a double-array trie and the texts that it leads to.
//!
//! Owns the check that nothing in it leads outside, since its reader does not look. Must not know what it replaces.

/// Whether every way through the trie stays inside, and ends at the beginning of a text.
pub(super) fn is_sound(charsmap: &[u8]) -> bool {
    let Some((size, rest)) = charsmap.split_first_chunk() else { return false };
    let size = u32::from_le_bytes(*size) as usize;
    let Some((trie, texts)) = rest.split_at_checked(size).filter(|_| size.is_multiple_of(4)) else {
        return false;
    };
    let units: Vec<u32> =
        trie.chunks_exact(4).map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]])).collect();
    let Ok(texts) = std::str::from_utf8(texts) else { return false };
    let Some(&root) = units.first() else { return false };
    let (mut seen, mut open) = (vec![false; units.len()], vec![offset(root)]);
    while let Some(state) = open.pop() {
        if state | 0xff >= units.len() {
            return false;
        }
        if std::mem::replace(&mut seen[state], true) {
            continue;
        }
        for byte in 1..=0xff {
            let at = state ^ byte;
            let unit = units[at];
            if label(unit) != byte as u32 {
                continue;
            }
            let next = at ^ offset(unit);
            let leaf = units.get(next).map(|unit| (unit & 0x7fff_ffff) as usize);
            if unit >> 8 & 1 == 1 && !leaf.is_some_and(|text| texts.is_char_boundary(text)) {
                return false;
            }
            open.push(next);
        }
    }
    true
}

fn label(unit: u32) -> u32 {
    unit & (1 << 31 | 0xff)
}

fn offset(unit: u32) -> usize {
    ((unit >> 10) as usize) << ((unit & 1 << 9) >> 6)
}
