//! Reading takes memory in proportion to the file, whatever the file says.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[allow(dead_code, reason = "shared with the tests of files")]
mod forge;

use forge::{COLUMNS, Forgery, HEADER, META, reseal};
use peak_alloc::PeakAlloc;
use phasic_benches::{freeze, rabbits, tandem};
use phasic_core::Trace;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes allocated at the peak of reading a file, beyond those before.
fn peak(file: &[u8]) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let _ = Trace::from_bytes(file);
    MEMORY.peak_usage() - before
}

/// The copy, the positions, and six numbers for each edge; a message.
fn allowed(file: &[u8]) -> usize {
    5 * file.len() + 4096
}

// One test: the allocator counts for the whole process.
#[test]
fn memory_is_a_small_multiple_of_the_file() {
    for graph in [rabbits(100), tandem(20)] {
        let file = Trace::record(&freeze(&graph)).unwrap().to_bytes();
        assert!(peak(&file) <= allowed(&file));

        for cut in [0, HEADER, 600, file.len() / 2] {
            assert!(peak(&file[..cut]) <= 4096, "refused before anything is copied");
        }
        for (at, value) in [(24, 1_u64 << 32), (HEADER + 24 * COLUMNS + 16, 1 << 60)] {
            let mut hostile = file.clone();
            hostile[at..at + 8].copy_from_slice(&value.to_le_bytes());
            reseal(&mut hostile);
            assert!(peak(&hostile) <= allowed(&file));
        }
        for (field, value) in [(0, 1 << 31), (1, 1 << 31), (3, 1 << 31)] {
            let mut forgery = Forgery::of(&file);
            forgery.set_u64(META, field, value);
            let hostile = forgery.seal();
            assert!(peak(&hostile) <= allowed(&file));
        }
    }
}
