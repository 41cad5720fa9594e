//! Moves added as arrays, against moves added one by one.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use phasic_core::{Error, GraphBuilder, MoveError, Moves, VertexId, VertexKind};
use proptest::collection::vec;
use proptest::prelude::*;

const WIDTH: usize = 2;
const PARAMETERS: usize = 2;

/// A graph with the states (0, 0), (0, 1), (0, 2) at vertices 1, 2, 3.
fn three() -> GraphBuilder {
    let mut graph = GraphBuilder::new(WIDTH);
    for state in [[0, 0], [0, 1], [0, 2]] {
        graph.find_or_create(VertexKind::Ordinary, &state).unwrap();
    }
    graph
}

/// Target, base and coefficients of an edge.
type Edge = (u32, f64, Vec<f64>);

/// Vertices and edges as they are listed.
fn listed(graph: &GraphBuilder) -> Vec<(Vec<i32>, Vec<Edge>)> {
    let edges = |vertex| {
        let edges = graph.edges(vertex);
        edges.map(|edge| (edge.target.0, edge.base, edge.coefficients.to_vec())).collect()
    };
    (0..graph.n_vertices() as u32)
        .map(|vertex| (graph.state(VertexId(vertex)).to_vec(), edges(VertexId(vertex))))
        .collect()
}

/// Source, target, base and coefficients.
type Row = (u32, [i32; WIDTH], f64, [f64; PARAMETERS]);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let weight = || prop_oneof![Just(0.0), Just(-0.0), Just(1.0), 0.0..9.0];
    vec((0..3_u32, [0..3, 0..3], weight(), [weight(), weight()]), 0..40)
}

proptest! {
    #[test]
    fn arrays_give_the_same_graph_as_single_moves(rows in rows()) {
        let mut one_by_one = three();
        let mut sorted = rows.clone();
        sorted.sort_by_key(|row| row.0);
        for (source, target, base, coefficients) in &sorted {
            let (to, _) = one_by_one.find_or_create(VertexKind::Ordinary, target).unwrap();
            one_by_one.add_edge(VertexId(1 + source), to, *base, coefficients).unwrap();
        }
        let mut at_once = three();
        let moves = Moves {
            sources: &rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            targets: &rows.iter().flat_map(|row| row.1).collect::<Vec<_>>(),
            bases: &rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            coefficients: &rows.iter().flat_map(|row| row.3).collect::<Vec<_>>(),
        };
        at_once.add_moves(VertexId(1), &moves).unwrap();
        prop_assert_eq!(listed(&at_once), listed(&one_by_one));
    }
}

#[test]
fn a_bad_move_is_named_by_its_row() {
    let moves =
        Moves { sources: &[2, 0], targets: &[9, 9, 0, 1], bases: &[-1.0, 1.0], coefficients: &[] };
    let error = three().add_moves(VertexId(1), &moves).unwrap_err();
    assert!(matches!(
        error,
        MoveError { row: 0, source: VertexId(3), error: Error::BadWeight { value: -1.0, .. } }
    ));
}

#[test]
fn a_source_that_does_not_exist() {
    let moves =
        Moves { sources: &[0, u32::MAX], targets: &[0; 4], bases: &[1.0; 2], coefficients: &[] };
    let error = three().add_moves(VertexId(1), &moves).unwrap_err();
    let index = 1 + u32::MAX as usize;
    assert_eq!((error.row, error.error), (1, Error::NoSuchVertex { index, length: 4 }));
}

#[test]
fn of_several_bad_moves_the_first_by_source_is_named() {
    let bases = [f64::NAN, -1.0, -1.0];
    let moves = Moves { sources: &[2, 0, 1], targets: &[0; 6], bases: &bases, coefficients: &[] };
    let error = three().add_moves(VertexId(1), &moves).unwrap_err();
    assert_eq!((error.row, error.source), (1, VertexId(1)));
}

#[test]
fn coefficients_of_another_length() {
    let mut graph = three();
    graph.add_edge(VertexId(1), VertexId(2), 0.0, &[1.0, 2.0]).unwrap();
    let moves = Moves { sources: &[0], targets: &[0, 1], bases: &[0.0], coefficients: &[1.0] };
    let error = graph.add_moves(VertexId(1), &moves).unwrap_err().error;
    assert!(matches!(error, Error::CoefficientLength { expected: 2, given: 1, .. }));
}

#[test]
fn thousands_of_moves_give_the_same_graph_as_single_ones() {
    let sources: Vec<u32> = (0..5000).map(|row| row * 7 % 3).collect();
    let target = |row: u32| [(row * row % 2003) as i32, (row % 2) as i32];
    let (mut at_once, mut one_by_one) = (three(), three());
    let targets: Vec<i32> = (0..5000).flat_map(target).collect();
    let bases = vec![1.0; 5000];
    let moves = Moves { sources: &sources, targets: &targets, bases: &bases, coefficients: &[] };
    for _ in 0..2 {
        at_once.add_moves(VertexId(1), &moves).unwrap();
        for source in 0..3 {
            for row in (0..5000).filter(|&row| sources[row as usize] == source) {
                let kind = VertexKind::Ordinary;
                let (to, _) = one_by_one.find_or_create(kind, &target(row)).unwrap();
                one_by_one.add_edge(VertexId(1 + source), to, 1.0, &[]).unwrap();
            }
        }
    }
    assert_eq!(listed(&at_once), listed(&one_by_one));
}
