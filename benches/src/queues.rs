//! Queues in series.

use phasic_core::GraphBuilder;

use crate::explore;

/// Two queues in series with capacity k each, until the second overflows: θ = (arrival, service 1,
/// service 2). One strongly connected component.
#[must_use]
pub fn tandem(k: i32) -> GraphBuilder {
    tandem_queues(k, 2)
}

/// d queues in series with capacity k each: θ = (arrival, service 1, …, service d).
///
/// A full queue blocks the server before it, and arrivals if it is the first; but a service into a
/// full last queue overflows it and ends the chain. One component, a d-dimensional lattice.
#[must_use]
pub fn tandem_queues(k: i32, d: usize) -> GraphBuilder {
    let rule = |state: &[i32]| {
        let mut moves = Vec::new();
        if state[d - 1] > k {
            return moves;
        }
        for step in 0..=d {
            let mut target = state.to_vec();
            if step > 0 {
                target[step - 1] -= 1;
            }
            if step < d {
                target[step] += 1;
            }
            let served = step == 0 || state[step - 1] > 0;
            let overflow = step == d - 1 && d > 1 && state[step] == k;
            if overflow {
                target.fill(0);
                target[d - 1] = k + 1;
            }
            if served && (step == d || state[step] < k || overflow) {
                let mut coefficients = vec![0.0; d + 1];
                coefficients[step] = 1.0;
                moves.push((target, 0.0, coefficients));
            }
        }
        moves
    };
    explore(&vec![0; d], rule).expect("the rule gives valid edges")
}
