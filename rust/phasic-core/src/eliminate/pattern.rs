//! The edges inside one component, and the undirected mesh that orders look at.

use super::components::OUTSIDE;
use crate::Graph;

/// Row by row, the targets of each vertex of a component inside it, as sorted local indices,
/// without itself.
#[derive(Default)]
pub(crate) struct Pattern {
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Pattern {
    /// Reads the edges among `members` that `keep` keeps; `local` is `OUTSIDE` everywhere, and is
    /// so again afterwards.
    pub fn read(
        &mut self,
        graph: &Graph,
        members: &[u32],
        local: &mut [u32],
        keep: impl Fn(usize) -> bool,
    ) {
        for (index, &vertex) in members.iter().enumerate() {
            local[vertex as usize] = index as u32;
        }
        self.clear();
        for (own, &vertex) in members.iter().enumerate() {
            let edges = graph.edges(vertex as usize).filter(|&edge| keep(edge));
            let targets = edges.map(|edge| local[graph.target(edge)]);
            self.add_row(targets.filter(|&target| target != OUTSIDE && target != own as u32));
        }
        for &vertex in members {
            local[vertex as usize] = OUTSIDE;
        }
    }

    pub fn clear(&mut self) {
        self.starts.clear();
        self.starts.push(0);
        self.targets.clear();
    }

    /// Adds the row of the next vertex.
    pub fn add_row(&mut self, targets: impl Iterator<Item = u32>) {
        let first = self.targets.len();
        self.targets.extend(targets);
        if !self.targets[first..].is_sorted() {
            self.targets[first..].sort_unstable();
        }
        self.starts.push(self.targets.len() as u32);
    }

    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn n_edges(&self) -> usize {
        self.targets.len()
    }

    pub fn row(&self, vertex: usize) -> &[u32] {
        &self.targets[self.starts[vertex] as usize..self.starts[vertex + 1] as usize]
    }
}

/// An undirected graph with weights; vertices of a coarse mesh stand for several of a fine one.
#[derive(Debug)]
pub(super) struct Mesh {
    pub starts: Vec<u32>,
    pub neighbours: Vec<u32>,
    /// One per neighbour: how many edges of the finest mesh this one stands for.
    pub strengths: Vec<u32>,
    /// One per vertex: how many vertices of the finest mesh this one stands for.
    pub weights: Vec<u32>,
}

impl Mesh {
    /// The pattern of A + Aᵀ, without diagonal; every strength and weight is 1.
    pub fn of(pattern: &Pattern) -> Self {
        let n = pattern.len();
        let mut starts = vec![0_u32; n + 1];
        for vertex in 0..n {
            starts[vertex + 1] += pattern.row(vertex).len() as u32;
            for &target in pattern.row(vertex) {
                starts[target as usize + 1] += 1;
            }
        }
        for vertex in 0..n {
            starts[vertex + 1] += starts[vertex];
        }
        let mut ends = starts.clone();
        let mut both = vec![0; starts[n] as usize];
        let mut put = |from: u32, to: u32| {
            both[ends[from as usize] as usize] = to;
            ends[from as usize] += 1;
        };
        for vertex in 0..n {
            for &target in pattern.row(vertex) {
                put(vertex as u32, target);
                put(target, vertex as u32);
            }
        }
        let mut mesh =
            Self { starts: vec![0], neighbours: vec![], strengths: vec![], weights: vec![] };
        for vertex in 0..n {
            let row = &mut both[starts[vertex] as usize..starts[vertex + 1] as usize];
            row.sort_unstable();
            let once = row.chunk_by(|a, b| a == b).map(|same| same[0]);
            mesh.neighbours.extend(once);
            mesh.starts.push(mesh.neighbours.len() as u32);
        }
        mesh.strengths = vec![1; mesh.neighbours.len()];
        mesh.weights = vec![1; n];
        mesh
    }

    /// The mesh of some vertices; `local` is `OUTSIDE` everywhere, and is so again afterwards.
    pub fn part(&self, members: &[u32], local: &mut [u32]) -> Self {
        for (index, &vertex) in members.iter().enumerate() {
            local[vertex as usize] = index as u32;
        }
        let mut part =
            Self { starts: vec![0], neighbours: vec![], strengths: vec![], weights: vec![] };
        for &vertex in members {
            for edge in self.edges(vertex as usize) {
                let neighbour = local[self.neighbours[edge] as usize];
                if neighbour != OUTSIDE {
                    part.neighbours.push(neighbour);
                    part.strengths.push(self.strengths[edge]);
                }
            }
            part.starts.push(part.neighbours.len() as u32);
            part.weights.push(self.weights[vertex as usize]);
        }
        for &vertex in members {
            local[vertex as usize] = OUTSIDE;
        }
        part
    }

    pub fn len(&self) -> usize {
        self.weights.len()
    }

    pub fn edges(&self, vertex: usize) -> std::ops::Range<usize> {
        self.starts[vertex] as usize..self.starts[vertex + 1] as usize
    }

    pub fn neighbours(&self, vertex: usize) -> &[u32] {
        &self.neighbours[self.edges(vertex)]
    }

    pub fn weight(&self) -> u64 {
        self.weights.iter().map(|&weight| u64::from(weight)).sum()
    }
}
