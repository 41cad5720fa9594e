//! Chains on numbers: populations, resets, and a random digraph.

use phasic_core::GraphBuilder;

use crate::explore;

/// Rabbits on two islands (Røikjer, Hobolth & Munch 2022): θ = (move, flood left, flood right).
#[must_use]
pub fn rabbits(n: i32) -> GraphBuilder {
    let rule = |state: &[i32]| {
        let (left, right) = (state[0], state[1]);
        let mut moves = Vec::new();
        if left > 0 {
            moves.push((vec![left - 1, right + 1], 0.0, vec![1.0, 0.0, 0.0]));
            moves.push((vec![0, right], 0.0, vec![0.0, 1.0, 0.0]));
        }
        if right > 0 {
            moves.push((vec![left + 1, right - 1], 0.0, vec![1.0, 0.0, 0.0]));
            moves.push((vec![left, 0], 0.0, vec![0.0, 0.0, 1.0]));
        }
        moves
    };
    explore(&[n, 0], rule).expect("the rule gives valid edges")
}

/// Chain 0 … n that steps on or back to 0, each at rate 1/2; n absorbs.
#[must_use]
pub fn reset_chain(n: i32) -> GraphBuilder {
    let rule = |state: &[i32]| match state[0] {
        i if i == n => Vec::new(),
        i => vec![(vec![i + 1], 0.5, vec![]), (vec![0], 0.5, vec![])],
    };
    explore(&[0], rule).expect("the rule gives valid edges")
}

/// Population 1 … n, started at 1, until it dies out; no births at n: θ = (birth, death) of one.
///
/// One strongly connected component, a path.
#[must_use]
pub fn birth_death(n: i32) -> GraphBuilder {
    let rule = |state: &[i32]| {
        let i = state[0];
        let mut moves = Vec::new();
        if i > 0 {
            moves.push((vec![i - 1], 0.0, vec![0.0, f64::from(i)]));
        }
        if i > 0 && i < n {
            moves.push((vec![i + 1], 0.0, vec![f64::from(i), 0.0]));
        }
        moves
    };
    explore(&[1], rule).expect("the rule gives valid edges")
}

/// A ring of n states, each with `degree - 1` more edges to drawn states, and absorption from each:
/// θ = (jump, absorption). One component without good separators.
///
/// Draws are those of `SplitMix64` (Steele, Lea & Flood 2014) at `seed + i · degree + j` for edge j
/// of state i; a drawn loop is left out, drawn duplicates add up.
#[must_use]
pub fn random_sparse(n: i32, degree: i32, seed: u64) -> GraphBuilder {
    let rule = |state: &[i32]| {
        let i = state[0];
        if i == n {
            return Vec::new();
        }
        let mut moves =
            vec![(vec![n], 0.0, vec![0.0, 1.0]), (vec![(i + 1) % n], 0.0, vec![1.0, 0.0])];
        for j in 1..degree {
            let draw = split_mix(seed + (i * degree + j) as u64);
            let target = (draw % n as u64) as i32;
            if target != i {
                moves.push((vec![target], 0.0, vec![1.0 + (draw >> 62) as f64, 0.0]));
            }
        }
        moves
    };
    explore(&[0], rule).expect("the rule gives valid edges")
}

fn split_mix(index: u64) -> u64 {
    let mut z = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
