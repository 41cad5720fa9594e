//! BLAKE3 of large inputs over threads.

use std::thread;

use blake3::hazmat::merge_subtrees_root;
use blake3::hazmat::{ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root};

/// Inputs below this many bytes are hashed sooner than a thread starts.
const SPLIT: usize = 1 << 20;

/// BLAKE3-256 of `bytes`, the same at any number of threads.
///
/// The threads are its own: the pool that batches use does not survive a fork, and a cache is read on both
/// sides of one.
#[must_use]
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let depth = threads.next_power_of_two().trailing_zeros();
    if bytes.len() < SPLIT || depth == 0 {
        return blake3::hash(bytes).into();
    }
    let (left, right) = bytes.split_at(left_subtree_len(bytes.len() as u64) as usize);
    let (left, right) = both(left, right, 0, depth - 1);
    merge_subtrees_root(&left, &right, Mode::Hash).into()
}

/// Chaining values of two neighbouring subtrees, the first of which starts `offset` bytes into the input.
fn both(left: &[u8], right: &[u8], offset: u64, depth: u32) -> (ChainingValue, ChainingValue) {
    let middle = offset + left.len() as u64;
    thread::scope(|scope| {
        let first = thread::Builder::new().spawn_scoped(scope, || subtree(left, offset, depth));
        let second = subtree(right, middle, depth);
        match first.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(first)) => (first, second),
            // No thread could be had: this one does the work.
            _ => (subtree(left, offset, depth), second),
        }
    })
}

fn subtree(bytes: &[u8], offset: u64, depth: u32) -> ChainingValue {
    if bytes.len() < SPLIT || depth == 0 {
        return blake3::Hasher::new().set_input_offset(offset).update(bytes).finalize_non_root();
    }
    let (left, right) = bytes.split_at(left_subtree_len(bytes.len() as u64) as usize);
    let (left, right) = both(left, right, offset, depth - 1);
    merge_subtrees_non_root(&left, &right, Mode::Hash)
}

#[cfg(test)]
mod tests {
    use super::{SPLIT, both, digest};
    use blake3::hazmat::{Mode, left_subtree_len, merge_subtrees_root};

    fn bytes(length: usize) -> Vec<u8> {
        (0..length as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    #[test]
    fn it_is_blake3_at_every_length_around_a_split() {
        for around in [SPLIT, 2 * SPLIT, 3 * SPLIT, 5 * SPLIT] {
            for length in [around - 1, around, around + 1, around + 1025] {
                let input = bytes(length);
                assert_eq!(digest(&input), *blake3::hash(&input).as_bytes(), "{length} bytes");
            }
        }
        for length in [0, 1, 1024, 1025] {
            assert_eq!(digest(&bytes(length)), *blake3::hash(&bytes(length)).as_bytes());
        }
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let input = bytes(9 * SPLIT + 77);
        let (left, right) = input.split_at(left_subtree_len(input.len() as u64) as usize);
        for depth in 0..5 {
            let (left, right) = both(left, right, 0, depth);
            let root: [u8; 32] = merge_subtrees_root(&left, &right, Mode::Hash).into();
            assert_eq!(root, *blake3::hash(&input).as_bytes(), "depth {depth}");
        }
    }
}
