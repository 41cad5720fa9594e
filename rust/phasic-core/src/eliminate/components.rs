//! Strongly connected components in topological order (Tarjan 1972), without recursion.

use crate::Graph;

/// Marks a vertex that is not transient, or not in the part at hand.
pub(crate) const OUTSIDE: u32 = u32::MAX;
const UNSEEN: u32 = u32::MAX;

/// Components of the transient vertices, sources first: vertices in order, and where each starts.
#[derive(Clone, Debug)]
pub(crate) struct Components {
    pub vertices: Vec<u32>,
    /// `(n_components + 1,)`.
    pub starts: Vec<u32>,
}

impl Components {
    /// The vertices of each component, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|block| &self.vertices[block[0] as usize..block[1] as usize])
    }
}

/// The transient vertices: neither the starting vertex nor absorbing.
fn is_transient(graph: &Graph, vertex: usize) -> bool {
    vertex != 0 && !graph.is_absorbing(vertex)
}

/// Tarjan's algorithm gives components in reverse topological order; they are turned round.
pub(crate) fn components(graph: &Graph) -> Components {
    let n = graph.n_vertices();
    let mut search = Search {
        graph,
        index: (0..n).map(|v| if is_transient(graph, v) { UNSEEN } else { OUTSIDE }).collect(),
        low: vec![0; n],
        open: vec![false; n],
        stack: Vec::new(),
        path: Vec::new(),
        found: Vec::new(),
        ends: Vec::new(),
        next_index: 0,
    };
    for root in (1..n).rev() {
        if is_transient(graph, root) && search.index[root] == UNSEEN {
            search.run(root);
        }
    }
    search.reversed()
}

struct Search<'a> {
    graph: &'a Graph,
    index: Vec<u32>,
    low: Vec<u32>,
    open: Vec<bool>,
    stack: Vec<u32>,
    /// The path of the depth-first search: a vertex and its next edge.
    path: Vec<(usize, usize)>,
    found: Vec<u32>,
    ends: Vec<u32>,
    next_index: u32,
}

impl Search<'_> {
    fn run(&mut self, root: usize) {
        self.enter(root);
        while let Some(&(vertex, edge)) = self.path.last() {
            if edge == self.graph.edges(vertex).end {
                self.leave(vertex);
                continue;
            }
            self.path.last_mut().expect("the path was not empty").1 += 1;
            let target = self.graph.target(edge);
            if !is_transient(self.graph, target) {
                continue;
            }
            if self.index[target] == UNSEEN {
                self.enter(target);
            } else if self.open[target] {
                self.low[vertex] = self.low[vertex].min(self.index[target]);
            }
        }
    }

    fn enter(&mut self, vertex: usize) {
        self.index[vertex] = self.next_index;
        self.low[vertex] = self.next_index;
        self.next_index += 1;
        self.open[vertex] = true;
        self.stack.push(vertex as u32);
        self.path.push((vertex, self.graph.edges(vertex).start));
    }

    fn leave(&mut self, vertex: usize) {
        self.path.pop();
        if let Some(&(parent, _)) = self.path.last() {
            self.low[parent] = self.low[parent].min(self.low[vertex]);
        }
        if self.low[vertex] != self.index[vertex] {
            return;
        }
        let first = self.found.len();
        loop {
            let member = self.stack.pop().expect("the root of a component is on the stack");
            self.open[member as usize] = false;
            self.found.push(member);
            if member as usize == vertex {
                break;
            }
        }
        self.found[first..].sort_unstable();
        self.ends.push(self.found.len() as u32);
    }

    fn reversed(self) -> Components {
        let mut vertices = Vec::with_capacity(self.found.len());
        let mut starts = vec![0];
        let mut end = self.found.len();
        for &start in self.ends.iter().rev().skip(1).chain(std::iter::once(&0)) {
            vertices.extend_from_slice(&self.found[start as usize..end]);
            end = start as usize;
            starts.push(vertices.len() as u32);
        }
        if vertices.is_empty() {
            starts.truncate(1);
        }
        Components { vertices, starts }
    }
}
