//! Laws over random chains.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use phasic_core::{
    Absorption, Curve, Discrete, GraphBuilder, Law, LogLikelihood, Moments, Tail, Trace, VertexId,
    VertexKind, Wanted, reward_transform,
};
use proptest::prelude::*;

/// Edges of a random chain: source, target, two coefficients. Vertex n is absorbing and can be
/// reached along 0 → 1 → … → n; other edges go anywhere.
#[derive(Clone, Debug)]
struct Chain {
    n: usize,
    edges: Vec<(usize, usize, [f64; 2])>,
}

fn chain() -> impl Strategy<Value = Chain> {
    chain_of_rates(2.0)
}

/// A chain whose numbers of jumps stay in the hundreds: differences keep their digits.
fn mild_chain() -> impl Strategy<Value = Chain> {
    chain_of_rates(0.5)
}

/// Coefficients from 10^-decades to 10^decades.
fn chain_of_rates(decades: f64) -> impl Strategy<Value = Chain> {
    let coefficient = (-decades..decades).prop_map(|exponent| 10.0_f64.powf(exponent));
    let row = [coefficient.clone(), coefficient];
    (2_usize..8).prop_flat_map(move |n| {
        let spine = proptest::collection::vec(row.clone(), n);
        let others = proptest::collection::vec((0..n, 0..=n, row.clone()), 0..3 * n);
        (spine, others).prop_map(move |(spine, others)| {
            let spine = spine.into_iter().enumerate().map(|(i, row)| (i, i + 1, row));
            let edges = spine.chain(others.into_iter().filter(|edge| edge.0 != edge.1)).collect();
            Chain { n, edges }
        })
    })
}

/// Builds the chain with vertices and edges in an order given by `shuffle`.
fn build(chain: &Chain, shuffle: usize) -> GraphBuilder {
    let mut graph = GraphBuilder::new(1);
    let n = chain.n + 1;
    for i in 0..n {
        let state = [((i * (shuffle + 1) + shuffle) % n) as i32];
        graph.find_or_create(VertexKind::Ordinary, &state).unwrap();
    }
    let mut vertex = |i: usize| graph.find_or_create(VertexKind::Ordinary, &[i as i32]).unwrap().0;
    let ids: Vec<VertexId> = (0..n).map(&mut vertex).collect();
    graph.add_edge(VertexId::START, ids[0], 1.0, &[]).unwrap();
    let mut edges = chain.edges.clone();
    if shuffle % 2 == 1 {
        edges.reverse();
    }
    for (source, target, row) in edges {
        graph.add_edge(ids[source], ids[target], 0.0, &row).unwrap();
    }
    graph
}

fn record(chain: &Chain) -> Trace {
    Trace::record(&build(chain, 0).freeze().unwrap()).unwrap()
}

/// Mean absorption time by dense Gaussian elimination with pivoting.
fn dense_expectation(chain: &Chain, theta: &[f64; 2]) -> f64 {
    let n = chain.n;
    let mut a = vec![vec![0.0; n + 1]; n];
    for &(source, target, row) in &chain.edges {
        let rate = row[0] * theta[0] + row[1] * theta[1];
        a[source][source] += rate;
        if target < n {
            a[source][target] -= rate;
        }
    }
    a.iter_mut().for_each(|row| row[n] = 1.0);
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs())).unwrap();
        a.swap(k, pivot);
        for i in 0..n {
            let factor = a[i][k] / a[k][k];
            if i != k && factor != 0.0 {
                for j in k..=n {
                    a[i][j] -= factor * a[k][j];
                }
            }
        }
    }
    a[0][n] / a[0][0]
}

/// Compares a gradient with central differences of a value, relative to the value's scale.
fn check_gradient(
    theta: [f64; 2],
    gradient: &[f64],
    value: impl Fn(&[f64]) -> f64,
) -> Result<(), TestCaseError> {
    for parameter in 0..2 {
        let step = 1e-4 * theta[parameter];
        let shifted = |times: f64| {
            let mut moved = theta;
            moved[parameter] += times * step;
            value(&moved)
        };
        let difference =
            (8.0 * (shifted(1.0) - shifted(-1.0)) - (shifted(2.0) - shifted(-2.0))) / (12.0 * step);
        // Differences of order 4 lose about 1e-16 / 1e-4 of the value.
        let scale = value(&theta).abs().max(1.0) / theta[parameter];
        let error = (gradient[parameter] - difference).abs();
        prop_assert!(error <= 1e-8 * scale, "{} against {}", gradient[parameter], difference);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expectation_equals_the_dense_solve(chain in chain(), theta in [0.1_f64..10.0, 0.1_f64..10.0]) {
        let trace = record(&chain);
        let given = Moments::new(&trace, &theta).unwrap().expectation(None).unwrap();
        // The dense solve itself loses digits: its condition is up to about 1e6 here.
        prop_assert!((given / dense_expectation(&chain, &theta) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn expectation_gradient_equals_differences(chain in chain(), theta in [0.1_f64..10.0, 0.1_f64..10.0]) {
        let trace = record(&chain);
        let at = |theta: &[f64]| Moments::new(&trace, theta).unwrap();
        let gradient = at(&theta).expectation_gradient(None).unwrap();
        let value = gradient.value;
        let scaled: Vec<f64> = gradient.theta.iter().map(|slope| slope / value).collect();
        check_gradient(theta, &scaled, |theta| at(theta).expectation(None).unwrap() / value)?;
    }

    #[test]
    fn order_of_building_does_not_show(chain in chain(), shuffle in 1_usize..5) {
        prop_assume!((chain.n + 1) % (shuffle + 1) != 0);
        let other = Trace::record(&build(&chain, shuffle).freeze().unwrap()).unwrap();
        prop_assert_eq!(record(&chain).to_bytes(), other.to_bytes());
    }

    #[test]
    fn bytes_are_read_back(chain in chain()) {
        let trace = record(&chain);
        let bytes = trace.to_bytes();
        let read = Trace::from_bytes(&bytes).unwrap();
        prop_assert_eq!(read.key(), trace.key());
        prop_assert_eq!(read.to_bytes(), bytes);
    }

    #[test]
    fn an_altered_byte_is_an_error(chain in chain(), place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = record(&chain).to_bytes();
        let index = place.index(bytes.len());
        bytes[index] ^= 1 << bit;
        prop_assert!(Trace::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_truncated_trace_is_an_error(chain in chain(), place in any::<prop::sample::Index>()) {
        let bytes = record(&chain).to_bytes();
        prop_assert!(Trace::from_bytes(&bytes[..place.index(bytes.len())]).is_err());
    }

    #[test]
    fn density_gradient_equals_differences(
        chain in mild_chain(),
        theta in [0.5_f64..2.0, 0.5_f64..2.0],
        quantiles in proptest::collection::vec(0.01_f64..8.0, 1..6),
    ) {
        let trace = record(&chain);
        let mean = Moments::new(&trace, &theta).unwrap().expectation(None).unwrap();
        let times: Vec<f64> = quantiles.iter().map(|quantile| quantile * mean).collect();
        let weights = vec![1.0; times.len()];
        let data = LogLikelihood::new(&trace, Law::Continuous, &times, &weights, &[], 1e-14).unwrap();
        let mut gradient = [0.0; 2];
        let value = data.try_value_and_gradient(&theta, &mut gradient).unwrap();
        prop_assert_eq!(value, data.try_value(&theta).unwrap());
        check_gradient(theta, &gradient, |theta| data.value(theta))?;
    }

    #[test]
    fn event_gradient_equals_differences(
        chain in mild_chain(),
        theta in [0.5_f64..2.0, 0.5_f64..2.0],
        quantiles in [0.01_f64..6.0, 0.01_f64..6.0, 0.01_f64..6.0],
    ) {
        let trace = record(&chain);
        let mean = Moments::new(&trace, &theta).unwrap().expectation(None).unwrap();
        let [a, b, c] = quantiles.map(|quantile| quantile * mean);
        let (low, high) = (a.min(b), a.max(b));
        let infinity = f64::INFINITY;
        // T > a, T ≤ b, low < T ≤ high, a narrow interval, an exact time, and a condition on two.
        let lower = [a, -infinity, low, c, c, low];
        let upper = [infinity, b, high, c * 1.001, c, infinity];
        let weights = [1.0, 2.0, 1.0, 0.5, 1.0, -2.0];
        let data =
            LogLikelihood::of_events(&trace, Law::Continuous, &lower, &upper, &weights, &[], 1e-14)
                .unwrap();
        let mut gradient = [0.0; 2];
        let value = data.try_value_and_gradient(&theta, &mut gradient).unwrap();
        prop_assert_eq!(value, data.try_value(&theta).unwrap());
        check_gradient(theta, &gradient, |theta| data.value(theta))?;
    }

    #[test]
    fn events_that_exclude_each_other_have_probabilities_that_add_up(
        chain in chain(),
        theta in [0.1_f64..10.0, 0.1_f64..10.0],
        quantiles in proptest::collection::vec(0.0_f64..5.0, 1..5),
    ) {
        let trace = record(&chain);
        let mean = Moments::new(&trace, &theta).unwrap().expectation(None).unwrap();
        let mut edges: Vec<f64> = quantiles.iter().map(|quantile| quantile * mean).collect();
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        edges.insert(0, f64::NEG_INFINITY);
        edges.push(f64::INFINITY);
        let probability = |ends: &[f64]| {
            let (lower, upper) = (&ends[..1], &ends[1..]);
            LogLikelihood::of_events(&trace, Law::Continuous, lower, upper, &[1.0], &[], 1e-13)
                .unwrap()
                .value(&theta)
                .exp()
        };
        let sum: f64 = edges.windows(2).map(probability).sum();
        // Each of up to 1e5 jumps rounds.
        prop_assert!((sum - 1.0).abs() < 1e-11, "sum - 1 = {:e}", sum - 1.0);
    }

    #[test]
    fn faster_rates_are_shorter_times(
        chain in mild_chain(),
        theta in [0.5_f64..2.0, 0.5_f64..2.0],
        quantiles in proptest::collection::vec(0.01_f64..5.0, 1..5),
    ) {
        // Rates are proportional to θ: F(t; c θ) = F(c t; θ), so θ · dF/dθ = t dF/dt. One time has a
        // sweep back, three and more have one pass forward.
        let trace = record(&chain);
        let mean = Moments::new(&trace, &theta).unwrap().expectation(None).unwrap();
        let times: Vec<f64> = quantiles.iter().map(|quantile| quantile * mean).collect();
        let law = Absorption::new(&trace, &theta).unwrap();
        for (curve, density) in [(Curve::Density, 1.0), (Curve::Absorbed, 0.0), (Curve::Survival, 0.0)] {
            let found = law.jet(curve, false, &times, 1e-12, Wanted::Second).unwrap();
            for (index, time) in times.iter().enumerate() {
                let value = found.values[index];
                let first = &found.first[3 * index..][..3];
                let left = first[0] * theta[0] + first[1] * theta[1];
                let right = time * first[2] + density * value;
                let size = (first[0] * theta[0]).abs() + (first[1] * theta[1]).abs() + value;
                // Each of up to 1e5 jumps rounds.
                prop_assert!((left - right).abs() <= 1e-9 * size, "{left:e} {right:e} {size:e}");
                // The same once more, of each derivative in turn.
                let scales = [theta[0], theta[1], *time];
                let second = &found.second[9 * index..][..9];
                let largest = (0..9).map(|at| (second[at] * scales[at / 3] * scales[at % 3]).abs());
                let size = largest.fold(size, f64::max);
                for (variable, scale) in scales.iter().enumerate() {
                    let row = &second[3 * variable..][..3];
                    let own = if variable == 2 { -first[2] } else { first[variable] };
                    let left = row[0] * theta[0] + row[1] * theta[1] + own;
                    let right = time * row[2] + density * first[variable];
                    let gap = ((left - right) * scale).abs();
                    prop_assert!(gap <= 1e-8 * size, "{variable} {left:e} {right:e} {size:e}");
                }
            }
        }
    }

    #[test]
    fn quantiles_invert_the_distribution_function(
        chain in chain(),
        theta in [0.1_f64..10.0, 0.1_f64..10.0],
        exponent in -300.0_f64..-0.01,
    ) {
        let trace = record(&chain);
        let law = Absorption::new(&trace, &theta).unwrap();
        let p = 10.0_f64.powf(exponent);
        let early = law.quantile(&[p], Tail::Lower, 1e-11).unwrap();
        prop_assert!((law.cdf(&early, 1e-13).unwrap()[0] / p - 1.0).abs() < 1e-10);
        // A survival of 1e-300 may take more jumps than there is time for.
        let q = p.max(1e-20);
        let late = law.quantile(&[q], Tail::Upper, 1e-11).unwrap();
        prop_assert!((law.sf(&late, 1e-13).unwrap()[0] / q - 1.0).abs() < 1e-10);
    }

    #[test]
    fn count_gradient_equals_differences(
        chain in mild_chain(),
        theta in [0.5_f64..2.0, 0.5_f64..2.0],
        counted in proptest::collection::vec(0_u8..3, 9),
        counts in proptest::collection::vec(0_u8..12, 1..4),
    ) {
        let mut graph = build(&chain, 0);
        graph.set_normalized(true);
        let frozen = graph.freeze().unwrap();
        let trace = Trace::record(&frozen).unwrap();
        let rewards: Vec<f64> =
            (0..trace.n_vertices()).map(|vertex| f64::from(counted[vertex % 9])).collect();
        let counts: Vec<f64> = counts.into_iter().map(f64::from).collect();
        let weights = vec![1.0; counts.len()];
        let data = LogLikelihood::new(&trace, Law::Discrete, &counts, &weights, &rewards, 1e-10).unwrap();
        let mut gradient = [0.0; 2];
        let value = data.try_value_and_gradient(&theta, &mut gradient).unwrap();
        prop_assume!(value.is_finite());
        check_gradient(theta, &gradient, |theta| data.value(theta))?;
        // At most, and more than, each count.
        let lower: Vec<f64> = [vec![f64::NEG_INFINITY; counts.len()], counts.clone()].concat();
        let upper: Vec<f64> = [counts.clone(), vec![f64::INFINITY; counts.len()]].concat();
        let weights = vec![1.0; lower.len()];
        let data =
            LogLikelihood::of_events(&trace, Law::Discrete, &lower, &upper, &weights, &rewards, 1e-10)
                .unwrap();
        let value = data.try_value_and_gradient(&theta, &mut gradient).unwrap();
        prop_assume!(value.is_finite());
        check_gradient(theta, &gradient, |theta| data.value(theta))?;
    }

    #[test]
    fn counts_have_the_moments_of_the_steps(chain in mild_chain(), theta in [0.5_f64..2.0, 0.5_f64..2.0]) {
        let mut graph = build(&chain, 0);
        graph.set_normalized(true);
        let trace = Trace::record(&graph.freeze().unwrap()).unwrap();
        let at = Moments::new(&trace, &theta).unwrap();
        let moments = at.discrete(2, None).unwrap();
        // Steps per unit of time, and the mean number of steps from the worst state.
        let mut rates = vec![0.0; trace.n_vertices()];
        for &(source, _, row) in &chain.edges {
            rates[source + 1] += row[0] * theta[0] + row[1] * theta[1];
        }
        let worst = at.waiting(Some(&rates)).unwrap().into_iter().fold(0.0, f64::max);
        // By Markov's inequality every 2 · worst steps leave at most half of the mass.
        let last = (2.0 * worst * 50.0).ceil();
        prop_assume!(last < 1e5);
        let counts: Vec<f64> = (0..=last as u32).map(f64::from).collect();
        let law = Discrete::new(&trace, &theta, &[]).unwrap();
        let pmf = law.pmf(&counts).unwrap();
        let sum = |power: i32| counts.iter().zip(&pmf).map(|(k, p)| k.powi(power) * p).sum::<f64>();
        prop_assert!((sum(0) - 1.0).abs() < 1e-12);
        prop_assert!((sum(1) / moments[0] - 1.0).abs() < 1e-10);
        prop_assert!((sum(2) / moments[1] - 1.0).abs() < 1e-10);
    }

    #[test]
    fn reward_transform_keeps_the_moments(
        chain in chain(),
        theta in [0.1_f64..10.0, 0.1_f64..10.0],
        rewarded in proptest::collection::vec(0_u8..3, 9),
    ) {
        let trace = record(&chain);
        let rewards: Vec<f64> =
            (0..trace.n_vertices()).map(|vertex| f64::from(rewarded[vertex % 9]) / 2.0).collect();
        let graph = reward_transform(&trace, &theta, &rewards).unwrap().freeze().unwrap();
        let transformed = Trace::record(&graph).unwrap();
        let expected = Moments::new(&trace, &theta).unwrap().moments(3, Some(&rewards)).unwrap();
        let given = Moments::new(&transformed, &[]).unwrap().moments(3, None).unwrap();
        for (given, expected) in given.iter().zip(&expected) {
            prop_assert!((given - expected).abs() <= 1e-12 * expected);
        }
    }

    #[test]
    fn survival_and_distribution_function_sum_to_one(
        chain in chain(),
        theta in [0.1_f64..10.0, 0.1_f64..10.0],
        quantile in 0.0_f64..5.0,
    ) {
        let trace = record(&chain);
        let mean = Moments::new(&trace, &theta).unwrap().expectation(None).unwrap();
        let law = Absorption::new(&trace, &theta).unwrap();
        let times = [quantile * mean];
        let sum = law.sf(&times, 1e-14).unwrap()[0] + law.cdf(&times, 1e-14).unwrap()[0];
        // Each of up to 1e5 jumps rounds.
        prop_assert!((sum - 1.0).abs() < 1e-11, "sum - 1 = {:e}, mean {mean:e}", sum - 1.0);
    }
}
