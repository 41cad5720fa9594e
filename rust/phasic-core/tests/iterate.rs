//! Laws of the predicted cost and of the iterative solver.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::cell::Cell;

use phasic_benches::{demes, explore, freeze, kingman, rabbits, reset_chain, rewards, tandem};
use phasic_core::{
    Error, Frozen, GraphBuilder, Interrupt, Iterative, Limits, Method, Moments, Options, Plan,
    Trace, VertexId, VertexKind,
};
use proptest::prelude::*;

/// Edges of a random chain: source, target, rate. Vertex n absorbs; 0 → 1 → … → n is there.
fn graph(n: usize, edges: &[(usize, usize, [f64; 2])]) -> Frozen {
    let mut graph = GraphBuilder::new(1);
    let mut vertex = |i: usize| graph.find_or_create(VertexKind::Ordinary, &[i as i32]).unwrap().0;
    let ids: Vec<VertexId> = (0..=n).map(&mut vertex).collect();
    graph.add_edge(VertexId::START, ids[0], 1.0, &[]).unwrap();
    for &(source, target, row) in edges {
        graph.add_edge(ids[source], ids[target], 0.0, &row).unwrap();
    }
    freeze(&graph)
}

/// A chain of up to `most` states with rates over `decades` either way.
fn chain(most: usize, decades: f64) -> impl Strategy<Value = Frozen> {
    let rate = (-decades..decades).prop_map(|exponent| 10.0_f64.powf(exponent));
    let row = [rate.clone(), rate];
    (2..most).prop_flat_map(move |n| {
        let spine = proptest::collection::vec(row.clone(), n);
        let others = proptest::collection::vec((0..n, 0..=n, row.clone()), 0..5 * n);
        (spine, others).prop_map(move |(spine, others)| {
            let spine = spine.into_iter().enumerate().map(|(i, row)| (i, i + 1, row));
            let edges: Vec<_> =
                spine.chain(others.into_iter().filter(|edge| edge.0 != edge.1)).collect();
            graph(n, &edges)
        })
    })
}

/// n states, each with five random targets and a step to the next; every k-th absorbs. Its
/// components are too costly to eliminate exactly, from about n = 200.
fn sparse(n: usize, k: usize) -> Frozen {
    stiff_sparse(n, k, 42, 0.0)
}

/// As [`sparse`], with rates over `decades` either way.
fn stiff_sparse(n: usize, k: usize, seed: u64, decades: f64) -> Frozen {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut edges = Vec::new();
    for i in 0..n {
        for _ in 0..5 {
            let (target, uniform) = (next() % n, (next() % 1_000_000) as f64 / 1e6);
            if target != i {
                let scale = 10.0_f64.powf(decades * (2.0 * uniform - 1.0));
                edges.push((i, target, [scale * (0.5 - (1.0 - uniform).ln()), 0.0]));
            }
        }
        edges.push((i, if i + 1 == n { 0 } else { i + 1 }, [0.0, 0.1]));
        if i % k == 0 {
            edges.push((i, n, [0.0, 1.0]));
        }
    }
    graph(n, &edges)
}

/// Three queues in series with capacity k; the chain ends when a customer finds the first full.
fn tandem3(k: i32) -> Frozen {
    let rule = |state: &[i32]| {
        let (a, b, c) = (state[0], state[1], state[2]);
        if a > k {
            return Vec::new();
        }
        let arrived = if a < k { vec![a + 1, b, c] } else { vec![k + 1, 0, 0] };
        let mut moves = vec![(arrived, 0.0, vec![1.0, 0.0])];
        if a > 0 && b < k {
            moves.push((vec![a - 1, b + 1, c], 0.0, vec![0.0, 1.0]));
        }
        if b > 0 && c < k {
            moves.push((vec![a, b - 1, c + 1], 0.0, vec![0.0, 1.0]));
        }
        if c > 0 {
            moves.push((vec![a, b, c - 1], 0.0, vec![0.0, 1.0]));
        }
        moves
    };
    freeze(&explore(&[0, 0, 0], rule).unwrap())
}

fn iterative(frozen: &Frozen, theta: &[f64]) -> Iterative<'static> {
    Iterative::new(&plan(frozen), theta, &Options::default(), &Interrupt::never()).unwrap()
}

fn plan(frozen: &Frozen) -> Plan {
    Plan::new(frozen, &Interrupt::never()).unwrap()
}

/// Whether |given − expected| ≤ bound, with room for the error of the direct answer itself.
fn within(given: f64, bound: f64, expected: f64) -> bool {
    (given - expected).abs() <= bound + 2e-13 * expected.abs()
}

/// Every answer of the iterative solver against elimination.
fn check(frozen: &Frozen, theta: &[f64]) {
    let trace = Trace::record(frozen).unwrap();
    let direct = Moments::new(&trace, theta).unwrap();
    let mut solver = iterative(frozen, theta);
    let mean = solver.expectation(None).unwrap();
    let expected = direct.expectation(None).unwrap();
    assert!(within(mean.value, mean.error, expected), "{mean:?} against {expected}");
    assert!(mean.error <= 1.1e-10 * mean.value);
    let waiting = solver.waiting(None).unwrap();
    let residence = solver.residence(None).unwrap();
    for (given, expected) in
        [(&waiting, direct.waiting(None).unwrap()), (&residence, direct.residence(None).unwrap())]
    {
        for vertex in 0..trace.n_vertices() {
            let (value, error) = (given.value[vertex], given.error[vertex]);
            assert!(within(value, error, expected[vertex]), "{vertex}: {value} ± {error}");
            assert!(error <= 1.1e-10 * value);
        }
    }
    // Time in all states is the time to absorption.
    let sum: f64 = residence.value.iter().sum();
    let bound: f64 = residence.error.iter().sum::<f64>() + mean.error;
    assert!(within(sum, bound, mean.value));
}

#[test]
fn large_components_are_solved_by_gmres_within_the_bound() {
    for (frozen, theta) in
        [(sparse(400, 7), [1.0, 1.0]), (sparse(400, 400), [1.0, 1e-3]), (tandem3(9), [1.0, 1.5])]
    {
        assert_eq!(iterative(&frozen, &theta).expectation(None).unwrap().method, Method::Gmres);
        check(&frozen, &theta);
    }
}

#[test]
fn named_models_agree_with_elimination() {
    check(&freeze(&rabbits(20)), &[1.0, 2.0, 4.0]);
    check(&freeze(&kingman(30)), &[1.0]);
    check(&freeze(&demes(&[6, 0, 0])), &[1.0, 0.1]);
    check(&freeze(&tandem(20)), &[1.0, 1.5, 1.5]);
}

#[test]
fn rewards_of_both_signs() {
    let frozen = tandem3(9);
    let trace = Trace::record(&frozen).unwrap();
    let queue = rewards(&frozen, |state| f64::from(state[0] - state[2]));
    let direct = Moments::new(&trace, &[1.0, 1.5]).unwrap();
    let mut solver = iterative(&frozen, &[1.0, 1.5]);
    let given = solver.expectation(Some(&queue)).unwrap();
    let size: Vec<f64> = queue.iter().map(|reward| reward.abs()).collect();
    let scale = direct.expectation(Some(&size)).unwrap();
    let expected = direct.expectation(Some(&queue)).unwrap();
    assert!((given.value - expected).abs() <= given.error + 1e-13 * scale);
    assert!(given.error <= 1.1e-10 * scale);
    let one = rewards(&frozen, |state| f64::from(u8::from(state == [9, 9, 9])));
    let given = solver.expectation(Some(&one)).unwrap();
    assert!(within(given.value, given.error, direct.expectation(Some(&one)).unwrap()));
    let none = vec![0.0; queue.len()];
    assert_eq!(solver.expectation(Some(&none)).unwrap().value, 0.0);
}

#[test]
fn gradients_are_within_their_bounds() {
    for (frozen, theta) in
        [(sparse(400, 7), [1.0, 1.0]), (sparse(400, 400), [1.0, 1e-3]), (tandem3(9), [1.0, 1.5])]
    {
        let trace = Trace::record(&frozen).unwrap();
        let direct = Moments::new(&trace, &theta).unwrap().expectation_gradient(None).unwrap();
        let (value, gradient) = (direct.value, direct.theta);
        let given = iterative(&frozen, &theta).expectation_gradient(None).unwrap();
        for parameter in 0..2 {
            // The sweep through the elimination is good to about 1e-13 of E / θ.
            let room = given.error[parameter] + 1e-12 * value / theta[parameter];
            let error = (given.gradient[parameter] - gradient[parameter]).abs();
            assert!(error <= room, "{given:?} against {gradient:?}");
            assert!(given.error[parameter] <= 1e-8 * value / theta[parameter]);
        }
    }
}

#[test]
fn the_gradient_keeps_digits_that_working_precision_loses() {
    let (frozen, theta) = (freeze(&tandem(30)), [1.0, 1.5, 1.5]);
    let given = iterative(&frozen, &theta).expectation_gradient(None).unwrap();
    assert!(given.indicator > 1e-10, "{:e}", given.indicator);
    let value = given.expectation.value;
    let euler: f64 = theta.iter().zip(&given.gradient).map(|(t, slope)| t * slope).sum();
    let room: f64 = theta.iter().zip(&given.error).map(|(t, error)| t * error).sum();
    assert!((euler + value).abs() <= room + given.expectation.error + 1e-14 * value.abs() * 50.0);
    assert!(room < 1e-10 * value);
}

#[test]
fn rare_absorption_is_an_error_and_never_a_wrong_number() {
    // 2^301 steps: no comparison vector can be represented.
    let frozen = freeze(&reset_chain(300));
    let error = iterative(&frozen, &[]).residence(None).unwrap_err();
    assert!(matches!(error, Error::NotCertified { tolerance: 1e-10, .. }), "{error:?}");
    let frozen = freeze(&tandem(100));
    let error = iterative(&frozen, &[1.0, 1.5, 1.5]).residence(None).unwrap_err();
    assert!(matches!(error, Error::NotCertified { .. }), "{error:?}");
    assert!(error.to_string().contains("certified to a relative error"));
}

#[test]
fn a_trap_is_named() {
    let mut graph = GraphBuilder::new(1);
    let mut vertex = |i: i32| graph.find_or_create(VertexKind::Ordinary, &[i]).unwrap().0;
    let ids: Vec<VertexId> = (0..4).map(&mut vertex).collect();
    graph.add_edge(VertexId::START, ids[0], 1.0, &[]).unwrap();
    graph.add_edge(ids[0], ids[1], 0.0, &[0.0, 1.0]).unwrap();
    graph.add_edge(ids[0], ids[3], 1.0, &[]).unwrap();
    graph.add_edge(ids[1], ids[2], 1.0, &[]).unwrap();
    graph.add_edge(ids[2], ids[1], 1.0, &[]).unwrap();
    graph.add_edge(ids[2], ids[3], 0.0, &[1.0, 0.0]).unwrap();
    let frozen = freeze(&graph);
    let (options, never) = (Options::default(), Interrupt::never());
    let error = Iterative::new(&plan(&frozen), &[0.0, 1.0], &options, &never).err().unwrap();
    assert!(matches!(error, Error::NeverAbsorbed { .. }));
    assert!(error.to_string().contains("state (1)"), "{error}");
    // A trap that cannot be entered from the start makes only its own values infinite.
    let waiting = iterative(&frozen, &[0.0, 0.0]).waiting(None).unwrap();
    assert_eq!(waiting.value[..2], [1.0, 1.0]);
    assert_eq!(waiting.value[2..], [f64::INFINITY, f64::INFINITY, 0.0]);
}

#[test]
fn the_caller_can_stop_it() {
    let frozen = sparse(3000, 3000);
    let asked = Cell::new(0);
    let wanted = || {
        asked.set(asked.get() + 1);
        asked.get() > 1
    };
    let interrupt = Interrupt::when(&wanted);
    let options = Options { tolerance: 1e-14, ..Options::default() };
    let solved = Iterative::new(&plan(&frozen), &[1.0, 1e-6], &options, &interrupt)
        .and_then(|mut solver| solver.residence(None));
    assert_eq!(solved.unwrap_err(), Error::Interrupted);
    assert_eq!(asked.get(), 2);
}

#[test]
fn bad_arguments_are_refused() {
    let frozen = freeze(&kingman(5));
    let never = Interrupt::never();
    for tolerance in [0.0, 1.0, -1.0, f64::NAN] {
        let options = Options { tolerance, ..Options::default() };
        let error = Iterative::new(&plan(&frozen), &[1.0], &options, &never).err().unwrap();
        assert!(matches!(error, Error::BadValue { name: "tolerance", .. }));
    }
    let mut solver = iterative(&frozen, &[1.0]);
    let error = solver.expectation(Some(&[1.0])).unwrap_err();
    assert_eq!(error, Error::RewardLength { expected: 6, given: 1 });
    let error = solver.expectation(Some(&[f64::NAN; 6])).unwrap_err();
    assert!(matches!(error, Error::BadReward { index: 0, .. }));
}

#[test]
fn the_predicted_cost_bounds_the_true_one() {
    for frozen in [
        freeze(&rabbits(30)),
        freeze(&kingman(20)),
        freeze(&demes(&[8, 0, 0])),
        freeze(&tandem(25)),
        tandem3(6),
        sparse(300, 10),
        freeze(&reset_chain(40)),
    ] {
        let cost = plan(&frozen).cost();
        let trace = Trace::record(&frozen).unwrap();
        assert!(cost.multiply_adds >= trace.multiply_adds() as f64);
        assert!(cost.entries >= trace.n_entries() as f64);
    }
}

#[test]
fn the_limits_say_what_was_predicted() {
    let cost = plan(&tandem3(6)).cost();
    cost.check(&Limits::default()).unwrap();
    let limits = Limits { multiply_adds: 1000.0, ..Limits::default() };
    let error = cost.check(&limits).unwrap_err();
    assert!(matches!(error, Error::TooLargeToFactor { limit_multiply_adds: 1000.0, .. }));
    assert!(error.to_string().starts_with("too large to factor"), "{error}");
    cost.check(&Limits { bytes: 10, ..Limits::default() }).unwrap_err();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_bound_holds_on_stiff_chains(frozen in chain(30, 3.0), theta in [0.1_f64..10.0, 0.1_f64..10.0]) {
        // Few jumps can be certified at any stiffness; the others must say so.
        let trace = Trace::record(&frozen).unwrap();
        let direct = Moments::new(&trace, &theta).unwrap();
        let mut solver = iterative(&frozen, &theta);
        if let Ok(given) = solver.expectation(None) {
            prop_assert!(within(given.value, given.error, direct.expectation(None).unwrap()));
        }
        if let Ok(given) = solver.residence(None) {
            let expected = direct.residence(None).unwrap();
            for vertex in 0..expected.len() {
                prop_assert!(within(given.value[vertex], given.error[vertex], expected[vertex]));
            }
        }
    }

    #[test]
    fn loose_bounds_of_gmres_hold(
        seed in any::<u64>(),
        k in 1_usize..400,
        decades in 0.0_f64..3.0,
        digits in 1_i32..9,
    ) {
        let frozen = stiff_sparse(300, k, seed, decades);
        let theta = [1.0, 1.0];
        let trace = Trace::record(&frozen).unwrap();
        let direct = Moments::new(&trace, &theta).unwrap();
        let options = Options { tolerance: 10.0_f64.powi(-digits), ..Options::default() };
        let mut solver =
            Iterative::new(&plan(&frozen), &theta, &options, &Interrupt::never()).unwrap();
        let mean = solver.expectation(None).unwrap();
        prop_assert_eq!(mean.method, Method::Gmres);
        prop_assert!(within(mean.value, mean.error, direct.expectation(None).unwrap()));
        let one: Vec<f64> =
            (0..frozen.graph.n_vertices()).map(|vertex| f64::from(u8::from(vertex == 5))).collect();
        let part = solver.expectation(Some(&one)).unwrap();
        prop_assert!(within(part.value, part.error, direct.expectation(Some(&one)).unwrap()));
        let times = solver.residence(None).unwrap();
        let expected = direct.residence(None).unwrap();
        for vertex in 0..expected.len() {
            prop_assert!(within(times.value[vertex], times.error[vertex], expected[vertex]));
        }
        let given = solver.expectation_gradient(None).unwrap();
        let exact = direct.expectation_gradient(None).unwrap();
        for parameter in 0..2 {
            let error = (given.gradient[parameter] - exact.theta[parameter]).abs();
            prop_assert!(error <= given.error[parameter] + 1e-12 * exact.value);
        }
    }

    #[test]
    fn mild_chains_are_certified(frozen in chain(60, 1.0)) {
        check(&frozen, &[1.0, 2.0]);
    }

    #[test]
    fn the_predicted_cost_is_a_bound(frozen in chain(40, 1.0)) {
        let cost = plan(&frozen).cost();
        let trace = Trace::record(&frozen).unwrap();
        prop_assert!(cost.multiply_adds >= trace.multiply_adds() as f64);
        prop_assert!(cost.entries >= trace.n_entries() as f64);
    }

    #[test]
    fn the_predicted_cost_is_exact_on_symmetric_patterns(
        n in 2_usize..40,
        pairs in proptest::collection::vec((0_usize..40, 0_usize..40), 0..80),
    ) {
        let pairs = pairs.iter().map(|&(i, j)| (i % n, j % n)).filter(|(i, j)| i != j);
        let line = (1..n).map(|i| (i - 1, i));
        let both = line.chain(pairs).flat_map(|(i, j)| [(i, j, [1.0; 2]), (j, i, [1.0; 2])]);
        let edges: Vec<_> = both.chain([(n - 1, n, [1.0; 2])]).collect();
        let frozen = graph(n, &edges);
        let cost = plan(&frozen).cost();
        let trace = Trace::record(&frozen).unwrap();
        prop_assert_eq!(cost.multiply_adds, trace.multiply_adds() as f64);
        prop_assert_eq!(cost.entries, trace.n_entries() as f64);
    }
}
