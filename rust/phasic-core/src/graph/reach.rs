//! Which vertices can reach an absorbing one.

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
