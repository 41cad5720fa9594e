//! Known answers: rabbit islands, Kingman's coalescent, the reset chain.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use phasic_benches::{freeze, kingman, kingman_blocks, rabbits, reset_chain, rewards};
use phasic_core::{
    Absorption, Discrete, Error, GraphBuilder, Law, LogLikelihood, Moments, Trace, VertexId,
    VertexKind, reward_transform,
};

const THETA: [f64; 3] = [1.0, 2.0, 4.0];

fn close(given: f64, expected: f64, relative: f64) {
    let error = (given / expected - 1.0).abs();
    assert!(error <= relative, "given {given:e}, expected {expected:e}, relative error {error:e}");
}

fn rabbit_trace(n: i32) -> Trace {
    Trace::record(&freeze(&rabbits(n))).expect("rabbits can be recorded")
}

#[test]
fn rabbit_expectations() {
    let known = [
        (2, 395.0 / 784.0),
        (3, 182_075.0 / 345_744.0),
        (5, 313_865_028_107.0 / 585_956_558_880.0),
        (100, 0.536_563_856_879_033_2),
    ];
    for (n, expected) in known {
        let trace = rabbit_trace(n);
        close(Moments::new(&trace, &THETA).unwrap().expectation(None).unwrap(), expected, 1e-14);
    }
}

#[test]
fn rabbit_moments_and_transform() {
    let trace = rabbit_trace(2);
    let moments = Moments::new(&trace, &THETA).unwrap();
    let raw = moments.moments(3, None).unwrap();
    close(raw[0], 0.503_826_530_612_244_9, 1e-14);
    close(raw[1], 0.480_297_922_740_524_5, 1e-14);
    close(raw[2], 0.655_910_175_773_115_3, 1e-14);
    close(moments.laplace(1.0, None).unwrap(), 0.660_616_293_794_85, 1e-13);
}

#[test]
fn rabbit_rewards() {
    let frozen = freeze(&rabbits(2));
    let trace = Trace::record(&frozen).unwrap();
    let moments = Moments::new(&trace, &THETA).unwrap();
    let right = rewards(&frozen, |state| f64::from(state[1]));
    let left = rewards(&frozen, |state| f64::from(state[0]));
    let raw = moments.moments(2, Some(&right)).unwrap();
    close(raw[0], 0.094_387_755_102_040_8, 1e-14);
    close(raw[1], 0.055_256_924_198_250_7, 1e-14);
    close(moments.covariance(Some(&left), Some(&right)).unwrap(), 0.030_003_774_468_971, 1e-12);
    let transformed = freeze(&reward_transform(&trace, &THETA, &right).unwrap());
    let transformed = Trace::record(&transformed).unwrap();
    let moments = Moments::new(&transformed, &[]).unwrap();
    close(moments.defect(), 2.0 / 3.0, 1e-14);
    close(moments.moments(2, None).unwrap()[1], 0.055_256_924_198_250_7, 1e-14);
}

#[test]
fn rabbit_distribution() {
    // Densities and distribution functions by the matrix exponential at 40 digits (mpmath).
    let trace = rabbit_trace(2);
    let law = Absorption::new(&trace, &THETA).unwrap();
    let (cdf, pdf) = (law.cdf(&[0.2, 1.0], 1e-15).unwrap(), law.pdf(&[0.2, 1.0], 1e-15).unwrap());
    close(cdf[0], 0.315_775_046_319_787_9, 1e-13);
    close(pdf[0], 1.274_701_523_424_235_4, 1e-13);
    close(cdf[1], 0.863_928_122_233_916_2, 1e-13);
    close(pdf[1], 0.294_814_077_051_420_8, 1e-13);
    let occupancy = law.occupancy(0.2, 1e-12).unwrap();
    let graph = trace.graph();
    let at =
        |state: [i32; 2]| (1..trace.n_vertices()).find(|&v| graph.vertex(v).1 == state).unwrap();
    for (state, expected) in [
        ([2, 0], 0.556_935_649),
        ([1, 1], 0.070_250_41),
        ([0, 2], 0.007_071_99),
        ([0, 1], 0.016_304_229),
        ([1, 0], 0.033_662_675),
    ] {
        close(occupancy[at(state)], expected, 1e-6);
    }
    let spent = law.accumulated(0.05, 1e-12).unwrap();
    let right: f64 =
        (1..trace.n_vertices()).map(|v| f64::from(graph.vertex(v).1[1]) * spent[v]).sum();
    close(right, 0.001_113_807_146_187_607, 1e-12);
}

#[test]
fn time_to_the_most_recent_common_ancestor() {
    for n in [2, 5, 10, 40] {
        let trace = Trace::record(&freeze(&kingman(n))).unwrap();
        let raw = Moments::new(&trace, &[1.0]).unwrap().moments(2, None).unwrap();
        let mean = 2.0 * (1.0 - 1.0 / f64::from(n));
        let variance: f64 =
            (2..=n).map(f64::from).map(|k| 4.0 / (k * k * (k - 1.0) * (k - 1.0))).sum();
        close(raw[0], mean, 1e-14);
        close(raw[1] - raw[0] * raw[0], variance, 1e-12);
    }
}

#[test]
fn total_branch_length_is_a_maximum_of_exponentials() {
    for n in [2, 5, 20] {
        let frozen = freeze(&kingman(n));
        let trace = Trace::record(&frozen).unwrap();
        let lineages = rewards(&frozen, |state| f64::from(state[0]));
        let length = freeze(&reward_transform(&trace, &[1.0], &lineages).unwrap());
        let length = Trace::record(&length).unwrap();
        let law = Absorption::new(&length, &[]).unwrap();
        for x in [0.01, 0.5, 2.0, 7.0, 30.0] {
            let expected = (-(-x / 2.0_f64).exp_m1()).powi(n - 1);
            close(law.cdf(&[x], 1e-13).unwrap()[0], expected, 1e-12);
        }
        let x: f64 = 900.0;
        let tail = f64::from(n - 1) * (-x / 2.0).exp();
        close(law.sf(&[x], 1e-13).unwrap()[0], tail, 1e-11);
    }
}

#[test]
fn blocks_of_the_coalescent() {
    for (n, states) in [(10, 42), (20, 627)] {
        let frozen = freeze(&kingman_blocks(n));
        assert_eq!(frozen.graph.n_vertices(), states + 1);
        let trace = Trace::record(&frozen).unwrap();
        assert_eq!(trace.multiply_adds(), 0, "an acyclic graph needs no elimination");
        let moments = Moments::new(&trace, &[1.0]).unwrap();
        for i in 1..n {
            let carried = rewards(&frozen, |state| f64::from(state[i as usize - 1]));
            let length = moments.expectation(Some(&carried)).unwrap();
            close(length, 2.0 / f64::from(i), 1e-13);
        }
    }
}

#[test]
fn reset_chain_of_three_hundred_states() {
    let trace = Trace::record(&freeze(&reset_chain(300))).unwrap();
    let steps = Moments::new(&trace, &[]).unwrap().expectation(None).unwrap();
    close(steps, 2.0_f64.powi(301) - 2.0, 1e-13);
}

#[test]
fn expectation_gradient_of_the_rabbits() {
    let trace = rabbit_trace(5);
    let moments = Moments::new(&trace, &THETA).unwrap();
    let gradient = moments.expectation_gradient(None).unwrap();
    let (value, gradient) = (gradient.value, gradient.theta);
    close(value, 313_865_028_107.0 / 585_956_558_880.0, 1e-14);
    // Scaling every rate by c scales time by 1/c: Σ θ ∂E/∂θ = −E.
    let euler: f64 = THETA.iter().zip(&gradient).map(|(theta, slope)| theta * slope).sum();
    close(euler, -value, 1e-13);
    for parameter in 0..3 {
        let shifted = |step: f64| {
            let mut theta = THETA;
            theta[parameter] += step;
            Moments::new(&trace, &theta).unwrap().expectation(None).unwrap()
        };
        let step = 1e-4;
        let difference = (shifted(-2.0 * step) - 8.0 * shifted(-step) + 8.0 * shifted(step)
            - shifted(2.0 * step))
            / (12.0 * step);
        close(gradient[parameter], difference, 1e-9);
    }
}

#[test]
fn steps_of_the_reset_chain_are_geometric_for_one_state() {
    let trace = Trace::record(&freeze(&reset_chain(1))).unwrap();
    let law = Discrete::new(&trace, &[], &[]).unwrap();
    let probabilities = law.pmf(&[0.0, 1.0, 2.0, 10.0, 2000.0]).unwrap();
    for (given, k) in probabilities.iter().zip([0, 1, 2, 10, 2000]) {
        assert_eq!(*given, if k == 0 { 0.0 } else { 0.5_f64.powi(k) });
    }
    let raw = Moments::new(&trace, &[]).unwrap().discrete(2, None).unwrap();
    close(raw[0], 2.0, 1e-15);
    close(raw[1], 6.0, 1e-15);
}

#[test]
fn far_tail_log_likelihood_keeps_its_digits() {
    let trace = Trace::record(&freeze(&kingman(2))).unwrap();
    let data = LogLikelihood::new(&trace, Law::Continuous, &[5000.0], &[1.0], &[], 1e-10).unwrap();
    let mut gradient = [0.0];
    let value = data.try_value_and_gradient(&[0.7], &mut gradient).unwrap();
    close(value, 0.7_f64.ln() - 3500.0, 1e-14);
    close(gradient[0], 1.0 / 0.7 - 5000.0, 1e-12);
}

/// Reward 1 in a short loop, or 300 in one visit: probabilities over four hundred decades.
#[test]
fn rewards_of_different_size_share_one_table() {
    let mut graph = GraphBuilder::new(1);
    let mut vertex = |i: i32| graph.find_or_create(VertexKind::Ordinary, &[i]).unwrap().0;
    let (end, short, long) = (vertex(0), vertex(1), vertex(2));
    graph.add_edge(VertexId::START, short, 0.5, &[]).unwrap();
    graph.add_edge(VertexId::START, long, 0.5, &[]).unwrap();
    graph.add_edge(short, short, 0.0, &[0.05]).unwrap();
    graph.add_edge(short, end, 0.0, &[0.95]).unwrap();
    graph.add_edge(long, end, 0.0, &[1.0]).unwrap();
    let trace = Trace::record(&graph.freeze().unwrap()).unwrap();
    for size in [200, 300, 600, 2000] {
        let rewards = [0.0, 0.0, 1.0, f64::from(size)];
        let law = Discrete::new(&trace, &[1.0], &rewards).unwrap();
        let probabilities = law.pmf(&[f64::from(size - 1), f64::from(size), 2500.0]).unwrap();
        close(probabilities[1], 0.5, 1e-14);
        assert!(probabilities[0] < 1e-200 && probabilities[2] < 1e-200);
        let data = [f64::from(size)];
        let data =
            LogLikelihood::new(&trace, Law::Discrete, &data, &[1.0], &rewards, 1e-10).unwrap();
        let mut gradient = [0.0];
        let value = data.try_value_and_gradient(&[1.0], &mut gradient).unwrap();
        close(value, 0.5_f64.ln(), 1e-14);
        close(gradient[0], 1.0, 1e-12);
    }
}

#[test]
fn a_reward_transform_looks_only_at_what_can_be_reached() {
    let mut graph = GraphBuilder::new(1);
    let mut vertex = |i: i32| graph.find_or_create(VertexKind::Ordinary, &[i]).unwrap().0;
    let (end, first, aside, trap) = (vertex(0), vertex(1), vertex(2), vertex(3));
    graph.add_edge(VertexId::START, first, 1.0, &[]).unwrap();
    graph.add_edge(first, end, 1.0, &[]).unwrap();
    graph.add_edge(first, aside, 0.0, &[1.0, 0.0]).unwrap();
    graph.add_edge(aside, trap, 1.0, &[]).unwrap();
    graph.add_edge(trap, end, 0.0, &[0.0, 1.0]).unwrap();
    let trace = Trace::record(&graph.freeze().unwrap()).unwrap();
    for rewards in [[0.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 1.0]] {
        let transformed = freeze(&reward_transform(&trace, &[0.0, 0.0], &rewards).unwrap());
        let transformed = Trace::record(&transformed).unwrap();
        close(Moments::new(&transformed, &[]).unwrap().expectation(None).unwrap(), 1.0, 1e-15);
        let entered = reward_transform(&trace, &[1.0, 0.0], &rewards);
        assert!(matches!(entered, Err(Error::NeverAbsorbed { .. })));
    }
    let law = Absorption::new(&trace, &[1.0, 0.0]).unwrap();
    assert!(matches!(law.cdf(&[f64::INFINITY], 1e-10), Err(Error::NeverAbsorbed { .. })));
}
