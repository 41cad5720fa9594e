//! The content hash: equal for equal content, different for any other.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[allow(dead_code, reason = "shared with the tests of files")]
mod forge;

use std::collections::{BTreeMap, BTreeSet};

use forge::Forgery;
use phasic_core::{Frozen, GraphBuilder, Trace, TraceKey, VertexId, VertexKind};

/// Source and target of an edge; `None` is the starting vertex.
type Ends = (Option<usize>, usize);

/// Kind and state of a vertex.
type Name = (VertexKind, Vec<i32>);

/// A graph as a user would list it: vertices by state, edges in any order.
#[derive(Clone, Debug)]
struct Listing {
    states: Vec<Name>,
    edges: Vec<(Ends, Vec<f64>)>,
    normalized: bool,
}

/// What a graph is, whatever the order in which it is listed: written without the core's sort.
#[derive(PartialEq, Eq, Debug)]
struct Content {
    states: BTreeSet<Name>,
    weights: BTreeMap<(Option<Name>, Name), Vec<u64>>,
    n_parameters: usize,
    state_length: usize,
    normalized: bool,
}

impl Listing {
    fn content(&self) -> Content {
        let mut weights: BTreeMap<_, Vec<f64>> = BTreeMap::new();
        for ((source, target), row) in &self.edges {
            let ends = (source.map(|s| self.states[s].clone()), self.states[*target].clone());
            let sum = weights.entry(ends).or_insert_with(|| vec![0.0; row.len()]);
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        weights.retain(|_, row| row.iter().any(|&value| value != 0.0));
        let bits = |row: Vec<f64>| row.into_iter().map(f64::to_bits).collect();
        Content {
            states: self.states.iter().cloned().collect(),
            weights: weights.into_iter().map(|(ends, row)| (ends, bits(row))).collect(),
            n_parameters: self.edges.iter().map(|(_, row)| row.len() - 1).max().unwrap_or(0),
            state_length: self.states[0].1.len(),
            normalized: self.normalized,
        }
    }

    fn freeze(&self) -> Option<Frozen> {
        let mut graph = GraphBuilder::new(self.states[0].1.len());
        let ids: Vec<VertexId> = self
            .states
            .iter()
            .map(|(kind, state)| graph.find_or_create(*kind, state).unwrap().0)
            .collect();
        for ((source, target), row) in &self.edges {
            let source = source.map_or(VertexId::START, |source| ids[source]);
            graph.add_edge(source, ids[*target], row[0], &row[1..]).unwrap();
        }
        graph.set_normalized(self.normalized);
        graph.freeze().ok()
    }

    fn key(&self) -> TraceKey {
        TraceKey::of(&self.freeze().unwrap().graph)
    }
}

/// Numbers without a seed to forget (Steele, Lea & Flood 2014, `SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }

    /// A few values only, so that equal graphs are met by chance; sums of them are exact.
    fn weight(&mut self) -> f64 {
        [0.0, -0.0, 0.25, 0.5, 1.0][self.below(5)]
    }

    fn row(&mut self, n_parameters: usize) -> Vec<f64> {
        (0..=n_parameters).map(|_| self.weight()).collect()
    }

    /// Up to four vertices in a line, the last one absorbing, and a few more edges.
    fn listing(&mut self) -> Listing {
        let (n, n_parameters) = (1 + self.below(4), self.below(3));
        let length = 1 + self.below(2);
        let states = (0..n).map(|i| (VertexKind::Ordinary, vec![i as i32; length])).collect();
        let mut line = vec![1.0];
        line.resize(1 + n_parameters, 0.25);
        let mut edges: Vec<(Ends, Vec<f64>)> = vec![((None, 0), line.clone())];
        edges.extend((1..n).map(|i| ((Some(i - 1), i), line.clone())));
        for _ in 0..if n > 1 { self.below(4) } else { 0 } {
            let source = self.below(n).checked_sub(1);
            edges.push(((source, self.below(n)), self.row(n_parameters)));
        }
        Listing { states, edges, normalized: self.below(2) == 1 }
    }

    /// The same graph, listed otherwise: order, signs of zeros, edges split in two.
    fn relisted(&mut self, listing: &Listing) -> Listing {
        let mut order: Vec<usize> = (0..listing.states.len()).collect();
        self.shuffle(&mut order);
        let place = |vertex: usize| order.iter().position(|&old| old == vertex).unwrap();
        let mut edges: Vec<(Ends, Vec<f64>)> = listing
            .edges
            .iter()
            .map(|((source, target), row)| {
                let signed = row.iter().map(|&v| if v == 0.0 { -v } else { v }).collect();
                ((source.map(place), place(*target)), signed)
            })
            .collect();
        if self.below(3) == 0 {
            let edge = self.below(edges.len());
            edges[edge].1.iter_mut().for_each(|value| *value /= 2.0);
            edges.push(edges[edge].clone());
        }
        self.shuffle(&mut edges);
        let states = order.iter().map(|&vertex| listing.states[vertex].clone()).collect();
        Listing { states, edges, normalized: listing.normalized }
    }

    /// The same graph with one thing changed, which may amount to nothing.
    fn changed(&mut self, listing: &Listing) -> Listing {
        let mut other = listing.clone();
        let (edge, n) = (self.below(other.edges.len()), other.states.len());
        match self.below(7) {
            0 => other.normalized = self.below(2) == 1,
            1 => other.states[self.below(n)].1[0] = 10 + self.below(3) as i32,
            2 => other.states[self.below(n)].0 = VertexKind::Auxiliary,
            3 => other.edges[edge].0.1 = self.below(n),
            4 => {
                let row = &mut other.edges[edge].1;
                let place = self.below(row.len());
                row[place] = self.weight();
            }
            5 => drop(other.edges.remove(edge)),
            _ => other.edges.push(other.edges[edge].clone()),
        }
        let distinct: BTreeSet<_> = other.states.iter().collect();
        if distinct.len() == n && !other.edges.is_empty() { other } else { listing.clone() }
    }
}

#[test]
fn a_hundred_thousand_pairs_have_equal_hashes_if_and_only_if_they_are_equal() {
    let mut numbers = Numbers(3);
    let (mut pairs, mut equal) = (0, 0);
    while pairs < 100_000 {
        let a = numbers.listing();
        let b = match numbers.below(3) {
            0 => numbers.relisted(&a),
            1 => numbers.changed(&a),
            _ => numbers.listing(),
        };
        let (Some(frozen_a), Some(frozen_b)) = (a.freeze(), b.freeze()) else { continue };
        let same = a.content() == b.content();
        let (key_a, key_b) = (TraceKey::of(&frozen_a.graph), TraceKey::of(&frozen_b.graph));
        assert_eq!(key_a == key_b, same, "{a:?}\n{b:?}");
        assert_eq!(frozen_a.graph == frozen_b.graph, same, "{a:?}\n{b:?}");
        pairs += 1;
        equal += usize::from(same);
    }
    assert!((20_000..80_000).contains(&equal), "{equal} pairs are equal: both cases are tested");
}

/// States 0 to n - 1 and these edges of weight 1 (base) + 2 θ; the start leads to 0.
fn listing(n: usize, edges: &[(usize, usize)]) -> Listing {
    let mut all = vec![((None, 0), vec![1.0, 0.0])];
    all.extend(edges.iter().map(|&(source, target)| ((Some(source), target), vec![1.0, 2.0])));
    let states = (0..n).map(|i| (VertexKind::Ordinary, vec![i as i32])).collect();
    Listing { states, edges: all, normalized: false }
}

fn diamond() -> Listing {
    listing(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])
}

#[test]
fn a_diamond_is_not_a_chain_with_a_skip() {
    // Same states, same number of edges, same weights: the predecessor confused them.
    let chain_with_skip = listing(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
    assert_ne!(diamond().key(), chain_with_skip.key());
}

#[test]
fn a_chain_skipping_elsewhere_is_another() {
    let early = listing(4, &[(0, 1), (1, 2), (2, 3), (0, 2)]);
    let late = listing(4, &[(0, 1), (1, 2), (2, 3), (1, 3)]);
    assert_ne!(early.key(), late.key());
}

/// One test for each field of the diamond: its name and what is changed.
macro_rules! matters {
    ($($name:ident: $change:expr;)*) => {$(
        #[test]
        fn $name() {
            let mut other = diamond();
            let change: fn(&mut Listing) = $change;
            change(&mut other);
            assert_ne!(other.key(), diamond().key());
        }
    )*};
}

matters! {
    a_state_matters: |g| g.states[2].1[0] = 7;
    the_sign_of_a_state_matters: |g| g.states[2].1[0] = -2;
    the_length_of_states_matters: |g| g.states.iter_mut().for_each(|state| state.1.push(0));
    a_kind_matters: |g| g.states[2].0 = VertexKind::Auxiliary;
    a_target_matters: |g| g.edges[3].0.1 = 2;
    a_source_matters: |g| g.edges[4].0.0 = Some(1);
    a_base_matters: |g| g.edges[3].1[0] = 1.5;
    the_last_bit_of_a_base_matters: |g| g.edges[3].1[0] = 1.0 + f64::EPSILON;
    a_coefficient_matters: |g| g.edges[3].1[1] = 2.5;
    the_sign_of_a_coefficient_matters: |g| g.edges[3].1[1] = -2.0;
    the_place_of_a_number_in_its_row_matters: |g| g.edges[3].1.swap(0, 1);
    the_initial_distribution_matters: |g| g.edges[0].1[0] = 0.5;
    an_edge_matters: |g| drop(g.edges.pop());
    a_second_edge_matters: |g| g.edges.push(g.edges[3].clone());
    a_loop_matters: |g| g.edges.push(((Some(1), 1), vec![1.0, 2.0]));
    a_vertex_that_is_not_reached_matters: |g| g.states.push((VertexKind::Ordinary, vec![9]));
    normalization_matters: |g| g.normalized = true;
    the_number_of_parameters_matters: |g| g.edges.iter_mut().for_each(|edge| edge.1.push(0.0));
}

#[test]
fn the_engine_matters() {
    let file = Trace::record(&diamond().freeze().unwrap()).unwrap().to_bytes();
    let mut forgery = Forgery::of(&file);
    assert_eq!(forgery.key(), diamond().key().0);
    forgery.engine[0] ^= 1;
    assert_ne!(forgery.key(), diamond().key().0);
}

#[test]
fn a_key_reads_as_it_prints() {
    let key = diamond().key();
    assert_eq!(key.to_string().parse::<TraceKey>().unwrap(), key);
}
