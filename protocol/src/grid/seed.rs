//! The seeds of a grid's studies and pretrainings.

/// The seed of one part of a grid: `cell-seed-1`, FNV-1a (64 bit) over the grid's seed and the part's names, each name ended
/// by a zero byte, then the finaliser of SplitMix64, upper half. It depends on nothing else: a grid that is extended
/// keeps the seeds of what it had.
pub(super) fn seed_of(grid: u32, names: &[&str]) -> u32 {
    let named = names.iter().flat_map(|name| name.bytes().chain([0]));
    let bytes = grid.to_le_bytes().into_iter().chain(named);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let [_, _, _, _, a, b, c, d] = (mixed ^ (mixed >> 31)).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
