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
        "e8e1ce71de48baf1180493d55d698846acc524b8f9876919abdd307c7baf190f";
    random_one_parameter: random(2, 1) =>
        "09651da00c4bafe7b3e0b202ae03caa293d4c0ad67b9d86034e74ee1e90e35bc";
    random_two_parameters: random(3, 2) =>
        "811da82aafd48889263d9c2be3a7b4894ad0bd802dc2d9982ee42dec5ae311a2";
    random_three_parameters: random(4, 3) =>
        "ab36a821cdeeaf4a2b7a08ed9427555d38466023b34f63fc4b9a3c03645b8ea3";
    another_constant: random(5, 0) =>
        "5e924a4e6b8efad4da5f1d5a148713c03c5bccb3b16bd0004520b9251a3ad26c";
    another_with_two_parameters: random(6, 2) =>
        "279f3fdba8aa2595878cd52a91fcdfd04f9b1bf3076450283d258dbcc5b693a7";
    rabbits: phasic_benches::rabbits(30) =>
        "710b9dc8df12d2aabe1c3bad86a70bed0a8658d777f234f365bf5a99ce7bbde5";
    kingman_blocks: phasic_benches::kingman_blocks(12) =>
        "9564766a796f216115415ec80450cfc4db10291ad8e4b8ceb5b758ad2dad98e9";
    demes: phasic_benches::demes(&[5, 4, 3]) =>
        "93d6798e799cc5fc7502f19c23a559b4b1befdf5f157fbd916672dba92e652c2";
    reset_chain: phasic_benches::reset_chain(50) =>
        "1cd731e1d7667e214cf79645705f4e70ddaf59e9af6e8b1dcb3d099b53cd2a41";
    jump_chain: normalized(phasic_benches::rabbits(4)) =>
        "a6148e14418a268c6ba9f4225d2fe17313a3edc645a37b35755e2c6564fa5400";
}

fn normalized(mut graph: GraphBuilder) -> GraphBuilder {
    graph.set_normalized(true);
    graph
}
