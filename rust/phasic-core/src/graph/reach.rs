//! Which vertices can reach an absorbing one, and which can be reached.

use super::Graph;

/// A vertex from which no absorbing vertex can be reached, if there is one.
///
/// Backward search from the absorbing vertices over the reversed edges: linear in the graph.
pub(super) fn trapped(graph: &Graph) -> Option<usize> {
    let n = graph.n_vertices();
    let (offsets, parents) = graph.parents();
    let mut reaches: Vec<bool> = (0..n).map(|vertex| graph.is_absorbing(vertex)).collect();
    let mut stack: Vec<usize> = (0..n).filter(|&vertex| reaches[vertex]).collect();
    while let Some(vertex) = stack.pop() {
        for &parent in &parents[offsets[vertex]..offsets[vertex + 1]] {
            if !reaches[parent as usize] {
                reaches[parent as usize] = true;
                stack.push(parent as usize);
            }
        }
    }
    // The starting vertex last: a state says more.
    (1..n).chain(0..1).find(|&vertex| !reaches[vertex])
}

/// The vertices that can be reached from the starting vertex, which is the first.
pub(super) fn reached(graph: &Graph) -> Vec<usize> {
    let mut seen = vec![false; graph.n_vertices()];
    let mut found = vec![0];
    let mut next = 0;
    while let Some(&vertex) = found.get(next) {
        next += 1;
        for target in graph.edges(vertex).map(|edge| graph.target(edge)) {
            if !seen[target] {
                seen[target] = true;
                found.push(target);
            }
        }
    }
    found
}
