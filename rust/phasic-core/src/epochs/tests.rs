//! Maps and epochs on a chain small enough to write down.

use std::sync::Arc;

use super::levels::Levels;
use super::stage::Stage;
use super::trail::Trail;
use super::{Collected, Epoch, Epochs, Map, propagate};
use crate::dist::{ChainPattern, Curve};
use crate::{Error, GraphBuilder, Interrupt, Trace, VertexId, VertexKind};

const TOLERANCE: f64 = 1e-14;

/// Pairs of lineages 2 → 1 → gone, each left at rate θ.
fn stages() -> Arc<Trace> {
    let mut builder = GraphBuilder::new(1);
    let vertices: Vec<VertexId> = (0..3)
        .map(|state| builder.find_or_create(VertexKind::Ordinary, &[state]).expect("a state").0)
        .collect();
    builder.add_edge(VertexId::START, vertices[2], 1.0, &[]).expect("an edge");
    for state in [1, 2] {
        builder.add_edge(vertices[state], vertices[state - 1], 0.0, &[1.0]).expect("an edge");
    }
    Arc::new(Trace::record(&builder.freeze().expect("a graph")).expect("a trace"))
}

fn epoch(trace: &Arc<Trace>, start: f64, theta: f64, map: Option<Map>) -> Epoch {
    Epoch { start, trace: Arc::clone(trace), theta: vec![theta], map: map.map(Arc::new) }
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-13 * b.abs(), "{a} and {b}");
}

#[test]
fn two_stages_under_two_rates() {
    let trace = stages();
    let list = vec![epoch(&trace, 0.0, 2.0, None), epoch(&trace, 1.5, 0.5, None)];
    let epochs = Epochs::new(list, TOLERANCE).expect("epochs");
    // Time runs at rate 2, then 1/2: the law is Erlang in 2·1.5 + (t − 1.5)/2.
    let clock: f64 = 3.0 + 0.5 * 2.5;
    let never = Interrupt::never();
    let at = |curve| epochs.curve(curve, &[4.0], &never).expect("a value")[0];
    close(at(Curve::Survival), (1.0 + clock) * (-clock).exp());
    close(at(Curve::Density), 0.5 * clock * (-clock).exp());
    close(at(Curve::Absorbed), 1.0 - (1.0 + clock) * (-clock).exp());
    let mean = epochs.moments(1, None, Collected::Until(f64::INFINITY), &never).expect("a mean")[0];
    // ∫ of the survival: (1 + x) e^{−x} has the antiderivative −(2 + x) e^{−x}.
    let left = (2.0 - 5.0 * (-3.0_f64).exp()) / 2.0 + 5.0 * (-3.0_f64).exp() / 0.5;
    close(mean, left);
}

#[test]
fn a_map_to_an_absorbing_vertex_is_an_atom() {
    let trace = stages();
    // Canonical order is by state: vertex 1 is (0,), vertex 2 is (1,), vertex 3 is (2,).
    let map = Map::new(&trace, &trace, &[2, 3, 3], &[1, 2, 3], &[1.0, 0.25, 0.75]).expect("a map");
    let list = vec![epoch(&trace, 0.0, 1.0, None), epoch(&trace, 1.0, 1.0, Some(map))];
    let epochs = Epochs::new(list, TOLERANCE).expect("epochs");
    let never = Interrupt::never();
    let survival = epochs.curve(Curve::Survival, &[1.0], &never).expect("a value")[0];
    close(survival, (-1.0_f64).exp());
    let (_, occupancy) = epochs.occupancy(1.0, &never).expect("an occupancy");
    close(occupancy[2], 0.25 * (-1.0_f64).exp());
    let total = epochs.curve(Curve::Absorbed, &[1.0], &never).expect("a value")[0];
    close(total, 1.0 - (-1.0_f64).exp());
}

#[test]
fn a_map_that_loses_probability_is_refused() {
    let trace = stages();
    let lost = Map::new(&trace, &trace, &[2, 3], &[2, 3], &[0.5, 1.0]);
    assert!(matches!(lost, Err(Error::MapMass { sum: 0.5, .. })));
}

#[test]
fn epochs_out_of_order_are_refused() {
    let trace = stages();
    let list = vec![epoch(&trace, 0.0, 1.0, None), epoch(&trace, 0.0, 1.0, None)];
    assert_eq!(
        Epochs::new(list, TOLERANCE).err(),
        Some(Error::EpochOrder { index: 1, start: 0.0, before: 0.0 })
    );
}

#[test]
fn far_below_the_smallest_double_a_vector_keeps_its_digits() {
    let trace = stages();
    let start = [0.0, 0.0, 0.0, 1.0];
    let passed = propagate(&trace, &[1.0], (&start, 0), 2000.0, TOLERANCE, &Interrupt::never())
        .expect("a vector");
    let (one, two) = (passed.end[2], passed.end[3]);
    assert!((one / two / 2000.0 - 1.0).abs() < 1e-12);
    let log = two.ln() + passed.exponent as f64 * std::f64::consts::LN_2;
    assert!((log + 2000.0).abs() < 1e-10);
}

#[test]
fn a_trail_gives_the_same_vectors_however_few_it_keeps() {
    let trace = stages();
    let pattern = ChainPattern::new(&trace);
    let weights = trace.graph().weights(&[3.0]).expect("weights");
    let stage = Stage::new(&trace, &pattern, &weights.rows, &[], 1.0);
    let start = Levels::new(&trace.initial(&weights.rows), 1);
    let vectors = |budget| {
        // Jumps enough to need powers of two.
        let trail =
            Trail::within(budget, &stage, &start, 400, &Interrupt::never()).expect("a trail");
        let found: Vec<_> =
            trail.segments().flat_map(|run| trail.segment(run).into_iter().rev()).collect();
        assert_eq!(found.len(), 401);
        (found, trail.exponents)
    };
    assert_eq!(vectors(usize::MAX), vectors(0));
    assert!(vectors(0).1[400] < 0);
}
