//! Content hashes of recorded graphs: a cached trace must be found again by every later version.
//!
//! A change of the algorithm's name in `TraceKey` changes every key below, and so it should.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use phasic_core::{GraphBuilder, TraceKey, VertexId, VertexKind};

/// Numbers of a fixed sequence (Knuth's MMIX generator), so that a graph is the same everywhere.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(bound)) as u32
    }

    fn weight(&mut self) -> f64 {
        [0.0, -0.0, 0.1, 0.2, 0.3, 1e-300, 1e16, 3.5][self.below(8) as usize]
    }

    fn coefficient(&mut self) -> f64 {
        [0.0, -0.0, 0.1, -0.1, 0.3, -1e16, 1e16, 7.0][self.below(8) as usize]
    }
}

/// A graph with duplicate edges, sums that cancel, zeros of both signs and auxiliary vertices.
fn random(seed: u64, parameters: usize) -> GraphBuilder {
    let mut draw = Sequence(seed);
    let width = 1 + draw.below(6) as usize;
    let mut graph = GraphBuilder::new(width);
    for index in 0..40 {
        let mut state: Vec<i32> = (0..width).map(|_| draw.below(7) as i32 - 3).collect();
        state[0] = (index * 17) % 41 - 20;
        let auxiliary = draw.below(4) == 0;
        let kind = if auxiliary { VertexKind::Auxiliary } else { VertexKind::Ordinary };
        graph.find_or_create(kind, &state).unwrap();
    }
    for vertex in 1..40 {
        graph.add_edge(VertexId(vertex), VertexId(40), 1.0, &[]).unwrap();
    }
    graph.add_edge(VertexId::START, VertexId(1 + draw.below(40)), 0.5, &[]).unwrap();
    graph.add_edge(VertexId::START, VertexId(1 + draw.below(40)), 0.25, &[]).unwrap();
    for _ in 0..400 {
        let (from, to) = (VertexId(1 + draw.below(39)), VertexId(1 + draw.below(8) * 5));
        let (base, linear) = (draw.weight(), draw.below(3) > 0);
        let count = if linear { parameters } else { 0 };
        let row: Vec<f64> = (0..count).map(|_| draw.coefficient()).collect();
        graph.add_edge(from, to, base, &row).unwrap();
    }
    graph
}

fn key(graph: &GraphBuilder) -> String {
    TraceKey::of(&graph.freeze().unwrap().graph).to_string()
}

macro_rules! recorded {
    ($($name:ident: $graph:expr => $key:literal;)*) => {$(
        #[test]
        fn $name() {
            assert_eq!(key(&$graph), $key);
        }
    )*};
}

recorded! {
    random_constant: random(1, 0) =>
        "cc984f1899daf2d34a969442841c4cc908800443253706287e8dc2b56e483a44";
    random_one_parameter: random(2, 1) =>
        "22f045bffe270d3fcc1ef484c97b7104e849d8fc7d013f2c242c37bba1a84aab";
    random_two_parameters: random(3, 2) =>
        "e9f76e894269737249f44182ed0c678541fb335eddd94c4544d873ca8aecc9a9";
    random_three_parameters: random(4, 3) =>
        "1e717d1651149a7f2f50978e234aa6ab56cb510c80a607262bf802f22a31e32c";
    another_constant: random(5, 0) =>
        "b455fec9647243d6e1783769af4b3edf593b27df2aad8695e403a430510a24ec";
    another_with_two_parameters: random(6, 2) =>
        "fa3f44ab172505de1b092bba7af92d8a00758a3b9fad87b15fa800da744dac84";
    rabbits: phasic_benches::rabbits(30) =>
        "00c6535069121f88fd8752eb0a57e73a25c90c359858286d50669570f37cd39f";
    kingman_blocks: phasic_benches::kingman_blocks(12) =>
        "2956c7f5585fc5314f85207fb914276e6de469e37284da6d0641251d9a7b1040";
    demes: phasic_benches::demes(&[5, 4, 3]) =>
        "9b7da77c0a2fadda35af6cd5d02e85a4c8443a357d5dc1f60f73c0aee4c97d8a";
    reset_chain: phasic_benches::reset_chain(50) =>
        "b1dea4e1fe59323e547658db97a61c07c4d2682781f0fb6717524041aefdfbb4";
    jump_chain: normalized(phasic_benches::rabbits(4)) =>
        "c6f83a50f8859b791c52e2125c35cb5788e6c93d450679eb24d4c64cbc9f8fcf";
}

fn normalized(mut graph: GraphBuilder) -> GraphBuilder {
    graph.set_normalized(true);
    graph
}
