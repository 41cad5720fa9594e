//! Laws of orders and fill over random digraphs, against the obvious versions.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::dissection::nested_dissection;
use super::fill::{Filler, Rows};
use super::order::Order;
use super::pattern::{Mesh, Pattern};
use super::plan::Plan;
use super::refine::{LEFT, RIGHT};
use super::schedule::{ABSORBED, Schedule};
use super::separator::separate;
use crate::{Frozen, GraphBuilder, Interrupt, VertexId, VertexKind};

type Digraph = Vec<BTreeSet<u32>>;

/// A digraph without loops, sparse or dense.
fn digraph(most: usize) -> impl Strategy<Value = Digraph> {
    (2..most).prop_flat_map(|n| {
        let edges = proptest::collection::vec((0..n, 0..n as u32), 0..4 * n);
        edges.prop_map(move |edges| {
            let mut rows = vec![BTreeSet::new(); n];
            for (from, to) in edges {
                if from != to as usize {
                    rows[from].insert(to);
                }
            }
            rows
        })
    })
}

fn ordered(most: usize) -> impl Strategy<Value = (Digraph, Vec<u32>)> {
    digraph(most).prop_flat_map(|rows| {
        let order: Vec<u32> = (0..rows.len() as u32).collect();
        (Just(rows), Just(order).prop_shuffle())
    })
}

/// With both directions of every edge.
fn symmetric(rows: &Digraph) -> Digraph {
    let mut both = rows.clone();
    for (from, row) in rows.iter().enumerate() {
        for &to in row {
            both[to as usize].insert(from as u32);
        }
    }
    both
}

fn pattern(rows: &Digraph) -> Pattern {
    let mut pattern = Pattern::default();
    pattern.clear();
    rows.iter().for_each(|row| pattern.add_row(row.iter().copied()));
    pattern
}

/// Eliminates vertex after vertex: each parent gets an edge to each child.
fn obvious_fill(rows: &Digraph, order: &[u32]) -> (Digraph, u64) {
    let position = |vertex: u32| order.iter().position(|&other| other == vertex).unwrap();
    let mut filled: Digraph = vec![BTreeSet::new(); rows.len()];
    for (from, row) in rows.iter().enumerate() {
        filled[position(from as u32)] = row.iter().map(|&to| position(to) as u32).collect();
    }
    let mut work = 0;
    for pivot in 0..filled.len() {
        let children = filled[pivot].split_off(&(pivot as u32));
        for parent in pivot + 1..filled.len() {
            if filled[parent].contains(&(pivot as u32)) {
                work += children.len() as u64;
                let others = children.iter().filter(|&&child| child as usize != parent);
                filled[parent].extend(others);
            }
        }
        filled[pivot].extend(children);
    }
    (filled, work)
}

fn check_fill(rows: &Digraph, order: &[u32]) -> Result<(), TestCaseError> {
    let (expected, expected_work) = obvious_fill(rows, order);
    let (mut filler, mut filled) = (Filler::default(), Rows::default());
    // A block before it, so that positions in the block and in the trace differ.
    filled.push_empty();
    let never = Interrupt::never();
    let work = filler.fill(&pattern(rows), order, u64::MAX, &mut filled, &never).unwrap();
    prop_assert_eq!(work, Some(expected_work));
    for (row, expected) in expected.iter().enumerate() {
        let (start, end) = (filled.ends[row] as usize, filled.ends[row + 1] as usize);
        let columns: Vec<u32> = filled.columns[start..end].iter().map(|c| c - 1).collect();
        let expected: Vec<u32> = expected.iter().copied().collect();
        let split = start + expected.partition_point(|&column| (column as usize) < row);
        prop_assert_eq!(columns, expected);
        prop_assert_eq!(filled.splits[row + 1] as usize, split);
    }
    let mut stopped = Rows::default();
    let limit = expected_work.saturating_sub(1);
    let outcome = filler.fill(&pattern(rows), order, limit, &mut stopped, &never).unwrap();
    prop_assert_eq!(outcome.is_none(), expected_work > 0);
    Ok(())
}

/// Vertex i + 1 for each of the digraph, every tenth with an edge to the absorbing last one, which
/// those without edges are too.
fn graph(rows: &Digraph) -> Frozen {
    let mut graph = GraphBuilder::new(1);
    let mut vertex =
        |state: usize| graph.find_or_create(VertexKind::Ordinary, &[state as i32]).unwrap().0;
    let ids: Vec<VertexId> = (0..=rows.len()).map(&mut vertex).collect();
    graph.add_edge(VertexId::START, ids[0], 1.0, &[]).unwrap();
    for (from, row) in rows.iter().enumerate() {
        for &to in row {
            graph.add_edge(ids[from], ids[to as usize], 1.0, &[]).unwrap();
        }
        if from % 10 == 0 || !row.is_empty() {
            graph.add_edge(ids[from], ids[rows.len()], 1.0, &[]).unwrap();
        }
    }
    graph.freeze().unwrap()
}

fn schedule(frozen: &Frozen, order: Order) -> Schedule {
    let never = Interrupt::never();
    Schedule::new(&Plan::in_order(frozen, order, &never).unwrap(), &never).unwrap()
}

fn check_schedule(frozen: &Frozen, order: Order) -> Result<(), TestCaseError> {
    let (graph, schedule) = (&frozen.graph, schedule(frozen, order));
    let positions = schedule.positions(graph.n_vertices());
    for vertex in 1..graph.n_vertices() {
        prop_assert_eq!(positions[vertex] == ABSORBED, graph.is_absorbing(vertex));
    }
    let transient = positions.iter().filter(|&&position| position != ABSORBED).count();
    prop_assert_eq!(transient, schedule.pivots.len());
    let block = |position: u32| schedule.blocks.partition_point(|&start| start <= position) - 1;
    for (position, &vertex) in schedule.pivots.iter().enumerate() {
        let columns = &schedule.columns
            [schedule.rows[position] as usize..schedule.rows[position + 1] as usize];
        for edge in graph.edges(vertex as usize) {
            let target = positions[graph.target(edge)];
            if target == ABSORBED || target as usize == position {
                continue;
            }
            let (from, to) = (block(position as u32), block(target));
            prop_assert!(from < to || from == to && columns.binary_search(&target).is_ok());
        }
        let split = (schedule.splits[position] - schedule.rows[position]) as usize;
        for &pivot in &columns[..split] {
            let later = schedule.splits[pivot as usize]..schedule.rows[pivot as usize + 1];
            for column in &schedule.columns[later.start as usize..later.end as usize] {
                let own = *column as usize == position;
                prop_assert!(own || columns.binary_search(column).is_ok());
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn fill_is_that_of_elimination_vertex_by_vertex((rows, order) in ordered(40)) {
        check_fill(&rows, &order)?;
    }

    #[test]
    fn fill_of_a_symmetric_pattern_is_too((rows, order) in ordered(40)) {
        check_fill(&symmetric(&rows), &order)?;
    }

    #[test]
    fn fill_of_long_rows_is_too((rows, order) in ordered(150)) {
        check_fill(&rows, &order)?;
    }

    #[test]
    fn dissection_is_a_permutation(rows in digraph(400)) {
        let mut order = nested_dissection(&pattern(&rows), &Interrupt::never()).unwrap();
        order.sort_unstable();
        prop_assert_eq!(order, (0..rows.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn a_separator_separates(rows in digraph(400)) {
        let mesh = Mesh::of(&pattern(&rows));
        let division = separate(&mesh, &Interrupt::never()).unwrap();
        let mut weights = [0; 3];
        for vertex in 0..mesh.len() {
            let side = division.sides[vertex];
            weights[side as usize] += 1;
            for &other in mesh.neighbours(vertex) {
                let sides = [side, division.sides[other as usize]];
                prop_assert!(sides != [LEFT, RIGHT] && sides != [RIGHT, LEFT]);
            }
        }
        prop_assert_eq!(weights, division.weights);
    }

    #[test]
    fn schedules_are_topological_and_closed(rows in digraph(60)) {
        let graph = graph(&rows);
        check_schedule(&graph, Order::Canonical)?;
        check_schedule(&graph, Order::MinimumDegree)?;
        check_schedule(&graph, Order::Dissection)?;
    }
}

#[test]
fn a_grid_is_cut_along_a_short_line() {
    let side = 30_u32;
    let mut rows = vec![BTreeSet::new(); (side * side) as usize];
    for i in 0..side * side {
        let right = (i % side < side - 1).then_some(i + 1);
        let below = (i + side < side * side).then_some(i + side);
        rows[i as usize].extend([right, below].into_iter().flatten());
    }
    let division = separate(&Mesh::of(&pattern(&rows)), &Interrupt::never()).unwrap();
    assert!(division.weights[2] <= 32, "{division:?}");
}

#[test]
fn levels_of_a_path_in_its_order_are_its_length() {
    let rows: Digraph = (0..20_u32)
        .map(|i| [i.checked_sub(1), (i < 19).then_some(i + 1)].into_iter().flatten().collect())
        .collect();
    assert_eq!(schedule(&graph(&rows), Order::Canonical).levels(), 20);
}
