//! Panels against the elimination of one row after the other, by one pivot at a time, and both
//! ways to a gradient against each other.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::reverse::Evaluation;
use super::{Complex, Dual, Factor, Lanes, Scalar};
use crate::eliminate::Order;
use crate::{GraphBuilder, Interrupt, Plan, Trace, VertexId, VertexKind};

/// The factors as the formulas at the head of `factor.rs` give them: entries, exits, pivots.
fn obvious<T: Scalar>(trace: &Trace, weights: &[T], killing: T) -> (Vec<T>, Vec<T>, Vec<T>) {
    let (schedule, layout) = (trace.schedule(), trace.layout());
    let n = trace.n_transient();
    let (mut entries, mut pivots) = (vec![T::ZERO; trace.n_entries()], vec![T::ZERO; n]);
    let mut exits = vec![killing; n];
    let span = |row: usize| schedule.rows[row] as usize..schedule.rows[row + 1] as usize;
    for row in 0..n {
        let mut rates: BTreeMap<u32, T> =
            schedule.columns[span(row)].iter().map(|&column| (column, T::ZERO)).collect();
        for (weight, target) in layout.inner.weighted(row) {
            *rates.get_mut(&target).expect("edges have entries") += weights[weight];
        }
        for (weight, _) in layout.outer.weighted(row) {
            exits[row] += weights[weight];
        }
        for entry in schedule.rows[row]..schedule.splits[row] {
            let pivot = schedule.columns[entry as usize] as usize;
            let multiplier = rates[&(pivot as u32)].ratio(pivots[pivot]);
            entries[entry as usize] = multiplier;
            for later in schedule.splits[pivot]..schedule.rows[pivot + 1] {
                if let Some(rate) = rates.get_mut(&schedule.columns[later as usize]) {
                    *rate += multiplier * entries[later as usize];
                }
            }
            let arriving = multiplier * exits[pivot];
            exits[row] += arriving;
        }
        pivots[row] = exits[row];
        for entry in schedule.splits[row]..schedule.rows[row + 1] {
            entries[entry as usize] = rates[&schedule.columns[entry as usize]];
            pivots[row] += entries[entry as usize];
        }
    }
    (entries, exits, pivots)
}

/// A chain with edges from `pairs`, an exit from every state, and rates over ten decades.
fn chain(n: usize, pairs: &[(usize, usize, i32)], order: Order) -> (Trace, Vec<f64>) {
    let mut graph = GraphBuilder::new(1);
    let vertex = |graph: &mut GraphBuilder, state: usize| {
        graph.find_or_create(VertexKind::Ordinary, &[state as i32]).expect("one entry a state").0
    };
    let absorbing = vertex(&mut graph, n);
    let first = vertex(&mut graph, 0);
    graph.add_edge(VertexId::START, first, 1.0, &[]).expect("a probability");
    let mut theta = Vec::new();
    let around = (0..n).flat_map(|i| [(i, n, -1), (i, (i + 1) % n, 0)]);
    for (number, (from, to, decade)) in around.chain(pairs.iter().copied()).enumerate() {
        let (source, target) = (vertex(&mut graph, from), vertex(&mut graph, to));
        let target = if to == n { absorbing } else { target };
        let p = number % 5;
        if source != target {
            let coefficients: Vec<f64> =
                (0..5).map(|k| if k == p { 10_f64.powi(decade) } else { 0.0 }).collect();
            graph.add_edge(source, target, 0.0, &coefficients).expect("a positive rate");
        }
        if theta.len() <= p {
            theta.push(0.3 + p as f64);
        }
    }
    let frozen = graph.freeze().expect("every state has an exit");
    let never = Interrupt::never();
    let plan = Plan::in_order(&frozen, order, &never).expect("nobody interrupts it");
    let trace = Trace::record_planned(&plan, &never).expect("a small chain");
    theta.resize(trace.n_parameters(), 1.0);
    (trace, theta)
}

fn chains() -> impl Strategy<Value = (Trace, Vec<f64>)> {
    let order = prop_oneof![Just(Order::MinimumDegree), Just(Order::Canonical)];
    (3_usize..40, order).prop_flat_map(|(n, order)| {
        let pair = (0..n, 0..n, -5_i32..6);
        proptest::collection::vec(pair, 0..6 * n).prop_map(move |pairs| chain(n, &pairs, order))
    })
}

/// Bits of a factor: equal numbers of equal sign.
fn assert_same<T: Scalar>(trace: &Trace, weights: Vec<T>, killing: T) {
    let (entries, exits, pivots) = obvious(trace, &weights, killing);
    let factor = Factor::new(trace, weights, &vec![killing; trace.n_transient()]);
    assert_eq!(format!("{:?}", factor.entries), format!("{entries:?}"));
    assert_eq!(format!("{:?}", factor.exits), format!("{exits:?}"));
    assert_eq!(format!("{:?}", factor.pivots), format!("{pivots:?}"));
}

/// Many blocks, each worth a thread.
#[test]
fn threads_do_not_change_a_bit() {
    let (size, blocks) = (300, 12);
    let n = size * blocks;
    let within =
        |from: usize| (1..9).map(move |k| (from - from % size + (from + k * k * k) % size, k));
    let mut graph = GraphBuilder::new(1);
    let vertices: Vec<VertexId> = (0..=n)
        .map(|state| graph.find_or_create(VertexKind::Ordinary, &[state as i32]).expect("new").0)
        .collect();
    graph.add_edge(VertexId::START, vertices[0], 1.0, &[]).expect("a probability");
    let mut add = |from: usize, to: usize, rate: usize| {
        graph.add_edge(vertices[from], vertices[to], rate as f64, &[]).expect("a positive rate");
    };
    for from in 0..n {
        add(from, n, 1);
        within(from).filter(|&(to, _)| to != from).for_each(|(to, rate)| add(from, to, rate));
        if from + size < n {
            add(from, from + size, 2);
        }
    }
    let trace = Trace::record(&graph.freeze().expect("every state has an exit")).expect("small");
    let weights = trace.graph().weights(&[]).expect("constant weights").rows;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("three threads");
    let factor = pool.install(|| Factor::over_threads(&trace, weights.clone(), &[]));
    let alone = Factor::new(&trace, weights, &[]);
    assert!(trace.n_components() > 6 && trace.multiply_adds() > 3_000_000);
    assert_eq!(factor.entries, alone.entries);
    assert_eq!((factor.exits, factor.pivots), (alone.exits, alone.pivots));
}

proptest! {
    #[test]
    fn panels_are_rows_one_by_one((trace, theta) in chains()) {
        let rows = trace.graph().weights(&theta).expect("positive weights").rows;
        assert_same(&trace, rows.clone(), 0.25);
        let lanes = |&w: &f64| Lanes::<8>(std::array::from_fn(|lane| w * (lane + 1) as f64));
        assert_same(&trace, rows.iter().map(lanes).collect(), Lanes::ZERO);
        let dual = |(index, &value): (usize, &f64)| Dual { value, slope: index as f64 };
        assert_same(&trace, rows.iter().enumerate().map(dual).collect(), Dual::ZERO);
        let complex = |&re: &f64| Complex { re, im: 0.0 };
        let (shift, rows) = (Complex { re: 0.1, im: 2.0 }, rows.iter().map(complex).collect());
        assert_same(&trace, rows, shift);
    }

    #[test]
    fn sweeps_and_expected_times_agree((trace, theta) in chains()) {
        let rows = trace.graph().weights(&theta).expect("positive weights").rows;
        let at = Evaluation::new(&trace, rows.clone(), &[]);
        let rewards: Vec<f64> = (0..trace.n_transient()).map(|i| (i % 3) as f64).collect();
        let seeds = [1.0, 0.5];
        let solutions = at.powers(2, &rewards);
        let (swept, _) = at.sweep(&solutions, &seeds, &rewards, None).finish_rows();
        if let Some(quick) = at.occupancy(&solutions, &seeds, &rewards, rows.len(), |_, row| row) {
            // Both are right to their rounding; the sweep's is a few ulp of the result.
            let allowed = quick.rounding + 1e-13 * quick.limit / 1e-12;
            for (row, weight) in rows.iter().enumerate() {
                let difference = (quick.sums[row] - swept[row]).abs() * weight;
                prop_assert!(difference <= allowed, "{difference:e} {allowed:e}");
            }
        }
    }

    #[test]
    fn a_sweep_is_the_slope_of_the_value((trace, theta) in chains()) {
        let graph = trace.graph();
        let rows = graph.weights(&theta).expect("positive weights").rows;
        let at = Evaluation::new(&trace, rows.clone(), &[]);
        let rewards = vec![1.0; trace.n_transient()];
        let solutions = at.powers(1, &rewards);
        let (swept, _) = at.sweep(&solutions, &[1.0], &rewards, None).finish_rows();
        // Along every weight in proportion to itself: time slows down.
        let slope: f64 = rows.iter().zip(&swept).map(|(weight, share)| weight * share).sum();
        let start: f64 = graph.edges(0).map(|e| rows[graph.rows[e] as usize]).sum();
        prop_assert_eq!(start, 1.0);
        let value = at.start(&solutions[0].values);
        prop_assert!((slope + value).abs() <= 1e-11 * value, "{slope:e} {value:e}");
        // And along one weight at a time, by forward duals.
        for moved in (0..rows.len()).step_by(1 + rows.len() / 4) {
            let dual = |(row, &value): (usize, &f64)| {
                Dual { value, slope: f64::from(u8::from(row == moved)) }
            };
            let duals = rows.iter().enumerate().map(dual).collect();
            let ahead: Evaluation<Dual> = Evaluation::new(&trace, duals, &[]);
            let ones = vec![Dual::constant(1.0); rewards.len()];
            let forward = ahead.start(&ahead.powers(1, &ones)[0].values).slope;
            let start_row = graph.edges(0).any(|e| graph.rows[e] as usize == moved);
            let error = (swept[moved] - forward).abs() * rows[moved];
            prop_assert!(start_row || error <= 1e-12 * value, "{error:e} {value:e}");
        }
    }
}
