//! Pieces of a snapshot whose seal is right and whose content is anything.

use bealert_core::untrusted::snapshot_piece;

/// The octets: which piece, of how many, then what stands in it.
pub(crate) fn read(octets: &[u8]) -> bool {
    let [at, pieces, content @ ..] = octets else { return false };
    let (at, pieces) = (u32::from(*at), u32::from(*pieces));
    let Some((items, written)) = snapshot_piece(at, pieces, content) else { return false };
    assert!(items <= content.len());
    // Items that stand alone are written as they were read.
    if written.first() == content.first() {
        let (_, again) = snapshot_piece(at, pieces, &written).expect("what was written can be read");
        assert_eq!(again, written);
    }
    items > 0
}
