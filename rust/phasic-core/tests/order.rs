//! Orders of elimination: what they cost on the named models, and that results do not depend on them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fmt::Write;

use phasic_benches::{
    birth_death, demes, freeze, isolation_migration, kingman, kingman_blocks, rabbits,
    random_sparse, structured_blocks, tandem, tandem_queues, two_loci,
};
use phasic_core::{Error, GraphBuilder, Interrupt, Moments, Order, Plan, Trace};

fn record(graph: &GraphBuilder, order: Order) -> Trace {
    let never = Interrupt::never();
    Trace::record_planned(&Plan::in_order(&freeze(graph), order, &never).unwrap(), &never).unwrap()
}

/// A model of the table in `docs/concepts/elimination.md`: transient states, edges among them and
/// one for each of them, and multiply-adds to be met within a tenth.
fn costs(graph: &GraphBuilder, n_transient: usize, n_entries: usize, multiply_adds: f64) {
    let trace = record(graph, Order::Cheapest);
    assert_eq!(trace.n_transient(), n_transient);
    let graph = trace.graph();
    let targets = (1..graph.n_vertices()).flat_map(|v| graph.edges(v)).map(|e| graph.target(e));
    let inner = targets.filter(|&target| !graph.is_absorbing(target)).count();
    assert_eq!(inner + n_transient, n_entries);
    let given = trace.multiply_adds() as f64;
    assert!(given <= 1.1 * multiply_adds, "{given} multiply-adds, not {multiply_adds}");
}

#[test]
fn small_rabbits() {
    costs(&rabbits(100), 5_150, 25_150, 5.05e3);
}

#[test]
fn rabbits_of_the_design_table() {
    costs(&rabbits(1000), 501_500, 2_501_500, 5.005e5);
}

#[test]
fn acyclic_block_counts_cost_nothing() {
    costs(&kingman_blocks(40), 37_337, 470_254, 0.0);
}

#[test]
fn two_demes_of_100() {
    costs(&demes(&[100, 0]), 5_148, 25_144, 5.05e3);
}

#[test]
fn three_demes_of_60() {
    costs(&demes(&[60, 0, 0]), 39_707, 374_588, 1.4e7);
}

#[test]
fn four_demes_of_20_are_dissected() {
    costs(&demes(&[20, 0, 0, 0]), 10_621, 146_125, 4.6e7);
}

#[test]
fn blocks_of_20_in_two_demes() {
    costs(&structured_blocks(20, 2), 24_840, 271_736, 1.4e6);
}

#[test]
fn isolation_migration_of_5_and_5() {
    costs(&isolation_migration(5, 5), 6_768, 62_840, 2.0e5);
}

#[test]
fn isolation_migration_of_7_and_7() {
    costs(&isolation_migration(7, 7), 123_132, 1_537_032, 1.4e7);
}

#[test]
fn two_loci_of_100() {
    costs(&two_loci(100), 348_349, 2_039_794, 3.4e5);
}

#[test]
fn birth_death_of_100_000() {
    costs(&birth_death(100_000), 100_000, 299_998, 1e5);
}

#[test]
fn tandem_of_100() {
    costs(&tandem(100), 10_201, 40_401, 1.4e7);
}

#[test]
fn three_tandem_queues_are_dissected() {
    // METIS reaches 5.9e8; minimum degree alone 1.57e9.
    costs(&tandem_queues(25, 3), 17_576, 83_876, 5.9e8);
}

#[test]
fn dissection_makes_a_path_shallow() {
    let chain = birth_death(10_000);
    assert_eq!(record(&chain, Order::MinimumDegree).n_levels(), 9_999);
    assert!(record(&chain, Order::Dissection).n_levels() < 100);
}

/// Waiting and residence times of every vertex.
fn times(graph: &GraphBuilder, theta: &[f64], order: Order) -> Vec<f64> {
    let trace = record(graph, order);
    let moments = Moments::new(&trace, theta).unwrap();
    let mut times = moments.waiting(None).unwrap();
    times.extend(moments.residence(None).unwrap());
    times
}

/// Entry by entry within 1e-12: each is a sum of products of positive numbers, some thousands deep.
fn agree_in_every_order(graph: &GraphBuilder, theta: &[f64]) {
    let expected = times(graph, theta, Order::Canonical);
    for order in [Order::MinimumDegree, Order::Dissection, Order::Cheapest] {
        for (given, expected) in times(graph, theta, order).iter().zip(&expected) {
            let close = (given - expected).abs() <= 1e-12 * expected.abs();
            assert!(close, "{order:?} gives {given}, not {expected}");
        }
    }
}

#[test]
fn order_does_not_change_times_of_a_lattice() {
    agree_in_every_order(&tandem_queues(7, 3), &[1.0, 1.5, 1.3, 20.0]);
}

#[test]
fn order_does_not_change_times_of_demes() {
    agree_in_every_order(&demes(&[12, 0, 0, 0]), &[1.0, 1e4]);
}

#[test]
fn order_does_not_change_times_of_a_stiff_random_chain() {
    agree_in_every_order(&random_sparse(300, 4, 3), &[1e8, 1e-8]);
}

#[test]
fn order_does_not_change_times_of_a_path() {
    agree_in_every_order(&birth_death(150), &[1.0, 1.5]);
}

#[test]
fn dissection_can_be_interrupted() {
    let frozen = freeze(&tandem_queues(12, 3));
    let outcome = Plan::in_order(&frozen, Order::Dissection, &Interrupt::when(&|| true));
    assert_eq!(outcome.unwrap_err(), Error::Interrupted);
}

/// The twins in `tests/named.py` have the same keys: the same states, edges and rates.
#[test]
fn named_models_have_their_keys() {
    let models = [
        ("rabbits 6", rabbits(6)),
        ("kingman 5", kingman(5)),
        ("kingman blocks 7", kingman_blocks(7)),
        ("demes 4 1 0", demes(&[4, 1, 0])),
        ("structured blocks 5 in 3", structured_blocks(5, 3)),
        ("isolation migration 3 2", isolation_migration(3, 2)),
        ("two loci 4", two_loci(4)),
        ("tandem 3", tandem(3)),
        ("tandem queues 2 in 3", tandem_queues(2, 3)),
        ("birth death 9", birth_death(9)),
        ("random sparse 40 4 1", random_sparse(40, 4, 1)),
    ];
    let mut keys = String::new();
    for (name, graph) in &models {
        writeln!(keys, "{name}: {}", record(graph, Order::Cheapest).key()).unwrap();
    }
    let recorded = include_str!("../../../tests/named_keys.txt");
    assert_eq!(keys, recorded, "tests/named_keys.txt should hold\n{keys}");
}
