//! Coalescents as counts of lineages.

use phasic_core::GraphBuilder;

use crate::explore;

/// Number of lineages of the Kingman coalescent; every pair merges at rate θ.
#[must_use]
pub fn kingman(n: i32) -> GraphBuilder {
    let rule = |state: &[i32]| match state[0] {
        1 => Vec::new(),
        k => vec![(vec![k - 1], 0.0, vec![f64::from(k * (k - 1)) / 2.0])],
    };
    explore(&[n], rule).expect("the rule gives valid edges")
}

/// Block counts of the Kingman coalescent: `state[i]` lineages with i + 1 descendants.
#[must_use]
pub fn kingman_blocks(n: i32) -> GraphBuilder {
    let mut initial = vec![0; n as usize];
    initial[0] = n;
    let rule = |state: &[i32]| {
        let mut moves = Vec::new();
        for i in 0..state.len() {
            for j in i..state.len() {
                let pairs =
                    if i == j { state[i] * (state[i] - 1) / 2 } else { state[i] * state[j] };
                if pairs > 0 && i + j + 1 < state.len() {
                    let mut merged = state.to_vec();
                    merged[i] -= 1;
                    merged[j] -= 1;
                    merged[i + j + 1] += 1;
                    moves.push((merged, 0.0, vec![f64::from(pairs)]));
                }
            }
        }
        moves
    };
    explore(&initial, rule).expect("the rule gives valid edges")
}

/// Lineages in each of several demes: θ = (coalescence, migration of one lineage to one deme).
#[must_use]
pub fn demes(lineages: &[i32]) -> GraphBuilder {
    let rule = |state: &[i32]| {
        let mut moves = Vec::new();
        if state.iter().sum::<i32>() == 1 {
            return moves;
        }
        for from in 0..state.len() {
            let k = state[from];
            if k > 1 {
                let mut merged = state.to_vec();
                merged[from] -= 1;
                moves.push((merged, 0.0, vec![f64::from(k * (k - 1)) / 2.0, 0.0]));
            }
            for to in (0..state.len()).filter(|&to| to != from && k > 0) {
                let mut moved = state.to_vec();
                moved[from] -= 1;
                moved[to] += 1;
                moves.push((moved, 0.0, vec![0.0, f64::from(k)]));
            }
        }
        moves
    };
    explore(lineages, rule).expect("the rule gives valid edges")
}

/// Ancestry of two loci in n sequences: lineages carrying (both loci, only the first, only the
/// second); θ = (merger of a pair, recombination of a lineage). Ends at (1, 0, 0).
#[must_use]
pub fn two_loci(n: i32) -> GraphBuilder {
    let rule = |state: &[i32]| {
        let (both, first, second) = (state[0], state[1], state[2]);
        if (both, first, second) == (1, 0, 0) {
            return Vec::new();
        }
        let mergers = [
            (vec![both - 1, first, second], both * (both - 1) / 2),
            (vec![both, first - 1, second], both * first + first * (first - 1) / 2),
            (vec![both, first, second - 1], both * second + second * (second - 1) / 2),
            (vec![both + 1, first - 1, second - 1], first * second),
        ];
        let mut moves: Vec<_> = mergers
            .into_iter()
            .filter(|&(_, pairs)| pairs > 0)
            .map(|(state, pairs)| (state, 0.0, vec![f64::from(pairs), 0.0]))
            .collect();
        if both > 0 {
            let split = vec![both - 1, first + 1, second + 1];
            moves.push((split, 0.0, vec![0.0, f64::from(both)]));
        }
        moves
    };
    explore(&[n, 0, 0], rule).expect("the rule gives valid edges")
}
