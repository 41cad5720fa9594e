//! Structured coalescents that keep track of descendants: spectra over several samples.

use phasic_core::GraphBuilder;

use crate::explore;

/// Block counts of n lineages in d demes, all sampled in the first: `state[deme · n + i]` lineages
/// with i + 1 descendants. θ = (coalescence, migration of one lineage to one deme).
#[must_use]
pub fn structured_blocks(n: i32, demes: usize) -> GraphBuilder {
    labelled(&[n], demes)
}

/// Joint spectrum of samples from two demes that exchange migrants (the isolation–migration model
/// before its split): lineages by deme and by descendants in each sample.
/// θ = (coalescence, migration of one lineage).
#[must_use]
pub fn isolation_migration(n1: i32, n2: i32) -> GraphBuilder {
    labelled(&[n1, n2], 2)
}

/// `state[deme · L + label − 1]` lineages, where a label is the number of descendants in each
/// sample, as a number with one digit per sample; L + 1 labels. Sample i starts in deme i.
fn labelled(samples: &[i32], demes: usize) -> GraphBuilder {
    let sizes: Vec<usize> = samples.iter().map(|&n| n as usize + 1).collect();
    let labels = sizes.iter().product::<usize>() - 1;
    let mut initial = vec![0; demes * labels];
    for (deme, &n) in samples.iter().enumerate() {
        let unit: usize = sizes[deme + 1..].iter().product();
        initial[deme * labels + unit - 1] = n;
    }
    let rule = |state: &[i32]| {
        let mut moves = Vec::new();
        let held: Vec<usize> = (0..state.len()).filter(|&i| state[i] > 0).collect();
        if held.len() == 1 && state[held[0]] == 1 {
            return moves;
        }
        for (index, &i) in held.iter().enumerate() {
            for &j in held[index..].iter().take_while(|&&j| j / labels == i / labels) {
                let pairs =
                    if i == j { state[i] * (state[i] - 1) / 2 } else { state[i] * state[j] };
                if pairs > 0 {
                    let mut merged = state.to_vec();
                    merged[i] -= 1;
                    merged[j] -= 1;
                    merged[i + j % labels + 1] += 1;
                    moves.push((merged, 0.0, vec![f64::from(pairs), 0.0]));
                }
            }
            for deme in (0..demes).filter(|&deme| deme != i / labels) {
                let mut moved = state.to_vec();
                moved[i] -= 1;
                moved[deme * labels + i % labels] += 1;
                moves.push((moved, 0.0, vec![0.0, f64::from(state[i])]));
            }
        }
        moves
    };
    explore(&initial, rule).expect("the rule gives valid edges")
}
