//! Sizes of the columns of a Cholesky factor, without its pattern.
//!
//! Elimination tree (Liu 1990) and skeleton row counts (Gilbert, Ng & Peyton 1994, *SIAM J. Matrix
//! Anal.* 15:1075), in the form of Davis (2006, *Direct Methods for Sparse Linear Systems*, §4.5).
//! Cost: O(edges · α).

use super::pattern::Pattern;

const NONE: u32 = u32::MAX;

/// A symmetric pattern, compressed by rows, without the diagonal.
pub(super) struct Symmetric {
    starts: Vec<usize>,
    columns: Vec<u32>,
}

impl Symmetric {
    /// The pattern of A + Aᵀ in the order `order`: index `i` of the result is `order[i]` of the pattern.
    pub fn new(pattern: &Pattern, order: &[u32]) -> Self {
        let n = pattern.len();
        let mut position = vec![0; n];
        for (index, &member) in order.iter().enumerate() {
            position[member as usize] = index as u32;
        }
        let pairs = || {
            (0..n).flat_map(|vertex| {
                let row = position[vertex];
                pattern.row(vertex).iter().map(move |&column| (row, column))
            })
        };
        let mut starts = vec![0; n + 1];
        for (row, column) in pairs() {
            starts[row as usize + 1] += 1;
            starts[position[column as usize] as usize + 1] += 1;
        }
        for row in 0..n {
            starts[row + 1] += starts[row];
        }
        let mut fill = starts.clone();
        let mut columns = vec![0; starts[n]];
        for (row, column) in pairs() {
            let column = position[column as usize];
            for (a, b) in [(row, column), (column, row)] {
                columns[fill[a as usize]] = b;
                fill[a as usize] += 1;
            }
        }
        // Entries of both A and Aᵀ are there twice: neither the tree nor the counts mind.
        Self { starts, columns }
    }

    fn row(&self, row: u32) -> &[u32] {
        &self.columns[self.starts[row as usize]..self.starts[row as usize + 1]]
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Entries of each column of the factor below the diagonal, `(n,)`.
    pub fn counts(&self) -> Vec<u64> {
        let parents = self.tree();
        let order = postorder(&parents);
        let n = self.len();
        let mut first = vec![NONE; n];
        let mut delta = vec![0_i64; n];
        for (step, &vertex) in order.iter().enumerate() {
            delta[vertex as usize] = i64::from(first[vertex as usize] == NONE);
            let mut above = vertex;
            while above != NONE && first[above as usize] == NONE {
                first[above as usize] = step as u32;
                above = parents[above as usize];
            }
        }
        let mut leaves = Leaves::new(n);
        for &vertex in &order {
            let parent = parents[vertex as usize];
            if parent != NONE {
                delta[parent as usize] -= 1;
            }
            for &row in self.row(vertex) {
                match leaves.visit(row, vertex, &first) {
                    Leaf::No => {}
                    Leaf::First => delta[vertex as usize] += 1,
                    Leaf::Later(common) => {
                        delta[vertex as usize] += 1;
                        delta[common as usize] -= 1;
                    }
                }
            }
            if parent != NONE {
                leaves.ancestors[vertex as usize] = parent;
            }
        }
        // Children come before their parents in index order as well.
        for vertex in 0..n {
            if parents[vertex] != NONE {
                delta[parents[vertex] as usize] += delta[vertex];
            }
        }
        delta.into_iter().map(|count| (count - 1) as u64).collect()
    }

    /// Parent of each vertex in the elimination tree.
    fn tree(&self) -> Vec<u32> {
        let n = self.len();
        let mut parents = vec![NONE; n];
        let mut ancestors = vec![NONE; n];
        for row in 0..n as u32 {
            for &column in self.row(row).iter().filter(|&&column| column < row) {
                let mut below = column;
                while below != NONE && below < row {
                    let next = ancestors[below as usize];
                    ancestors[below as usize] = row;
                    if next == NONE {
                        parents[below as usize] = row;
                    }
                    below = next;
                }
            }
        }
        parents
    }
}

/// Children before parents, without recursion.
fn postorder(parents: &[u32]) -> Vec<u32> {
    let n = parents.len();
    let (mut head, mut next) = (vec![NONE; n], vec![NONE; n]);
    for vertex in (0..n).rev().filter(|&vertex| parents[vertex] != NONE) {
        let parent = parents[vertex] as usize;
        next[vertex] = head[parent];
        head[parent] = vertex as u32;
    }
    let mut order = Vec::with_capacity(n);
    let mut stack = Vec::new();
    for root in (0..n).filter(|&vertex| parents[vertex] == NONE) {
        stack.push(root as u32);
        while let Some(&vertex) = stack.last() {
            let child = head[vertex as usize];
            if child == NONE {
                stack.pop();
                order.push(vertex);
            } else {
                head[vertex as usize] = next[child as usize];
                stack.push(child);
            }
        }
    }
    order
}

/// Whether a vertex is a leaf of the subtree of a row, and where it joins the leaf before.
enum Leaf {
    No,
    First,
    Later(u32),
}

struct Leaves {
    largest_first: Vec<u32>,
    previous: Vec<u32>,
    ancestors: Vec<u32>,
}

impl Leaves {
    fn new(n: usize) -> Self {
        Self {
            largest_first: vec![0; n],
            previous: vec![NONE; n],
            ancestors: (0..n as u32).collect(),
        }
    }

    fn visit(&mut self, row: u32, vertex: u32, first: &[u32]) -> Leaf {
        let own = row as usize;
        // Stored one higher, so that 0 stands for none.
        if row <= vertex || first[vertex as usize] < self.largest_first[own] {
            return Leaf::No;
        }
        self.largest_first[own] = first[vertex as usize] + 1;
        let previous = std::mem::replace(&mut self.previous[own], vertex);
        if previous == NONE {
            return Leaf::First;
        }
        let mut common = previous;
        while self.ancestors[common as usize] != common {
            common = self.ancestors[common as usize];
        }
        let mut walk = previous;
        while walk != common {
            walk = std::mem::replace(&mut self.ancestors[walk as usize], common);
        }
        Leaf::Later(common)
    }
}
