//! Named models, written once for benches and Rust tests.
//!
//! Each is a transition rule explored breadth first; rates are constants or `c · θ`.

use phasic_core::{Error, Frozen, GraphBuilder, VertexId, VertexKind};

/// A transition: target state, base rate, coefficients of θ.
pub type Move = (Vec<i32>, f64, Vec<f64>);

/// Builds the graph of a rule from one initial state, breadth first.
///
/// # Errors
/// Those of [`GraphBuilder`].
pub fn explore(initial: &[i32], rule: impl Fn(&[i32]) -> Vec<Move>) -> Result<GraphBuilder, Error> {
    let mut graph = GraphBuilder::new(initial.len());
    let (start, _) = graph.find_or_create(VertexKind::Ordinary, initial)?;
    graph.add_edge(VertexId::START, start, 1.0, &[])?;
    let mut next = 1;
    while next < graph.n_vertices() {
        let vertex = VertexId(next as u32);
        for (state, base, coefficients) in rule(graph.state(vertex)) {
            let (target, _) = graph.find_or_create(VertexKind::Ordinary, &state)?;
            graph.add_edge(vertex, target, base, &coefficients)?;
        }
        next += 1;
    }
    Ok(graph)
}

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

/// Chain 0 … n that steps on or back to 0, each at rate 1/2; n absorbs.
#[must_use]
pub fn reset_chain(n: i32) -> GraphBuilder {
    let rule = |state: &[i32]| match state[0] {
        i if i == n => Vec::new(),
        i => vec![(vec![i + 1], 0.5, vec![]), (vec![0], 0.5, vec![])],
    };
    explore(&[0], rule).expect("the rule gives valid edges")
}

/// Two queues in series with capacity k each, until the second overflows: θ = (arrival, service 1,
/// service 2). One strongly connected component.
#[must_use]
pub fn tandem(k: i32) -> GraphBuilder {
    let rule = |state: &[i32]| {
        let (first, second) = (state[0], state[1]);
        if second > k {
            return Vec::new();
        }
        let mut moves = Vec::new();
        if first < k {
            moves.push((vec![first + 1, second], 0.0, vec![1.0, 0.0, 0.0]));
        }
        if first > 0 {
            let target = if second == k { vec![0, k + 1] } else { vec![first - 1, second + 1] };
            moves.push((target, 0.0, vec![0.0, 1.0, 0.0]));
        }
        if second > 0 {
            moves.push((vec![first, second - 1], 0.0, vec![0.0, 0.0, 1.0]));
        }
        moves
    };
    explore(&[0, 0], rule).expect("the rule gives valid edges")
}

/// The frozen graph of a builder.
#[must_use]
pub fn freeze(graph: &GraphBuilder) -> Frozen {
    graph.freeze().expect("the named models reach an absorbing state")
}

/// Vertices by state, for rewards that depend on the state: `(n_vertices,)` in canonical order.
#[must_use]
pub fn rewards(frozen: &Frozen, reward: impl Fn(&[i32]) -> f64) -> Vec<f64> {
    (0..frozen.graph.n_vertices()).map(|vertex| reward(frozen.graph.vertex(vertex).1)).collect()
}
