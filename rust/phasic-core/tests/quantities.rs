//! Every number that has derivatives, over random chains: each derivative against differences of
//! the number, and the Hessian times a direction against differences of the gradient.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use phasic_core::{Clock, Complex, GraphBuilder, Moments, Quantity, Trace, VertexId, VertexKind};
use proptest::prelude::*;

/// A chain over n transient states and two absorbing ones, n and n + 1. Every weight is a parameter
/// of its own: first one for the start in each state, then those of the edges.
#[derive(Clone, Debug)]
struct Case {
    n: usize,
    edges: Vec<(usize, usize)>,
    theta: Vec<f64>,
    normalized: bool,
    /// Per vertex.
    seeds: Vec<f64>,
    rewards: [Vec<f64>; 3],
    direction: Vec<f64>,
}

/// Of joint moments of the orders up to (2, 0, 1).
const EACH: [f64; 6] = [0.5, 0.25, 1.0, 0.75, 0.125, 2.0];

/// At most four edges leave a state, each with a probability below 1/4; one of them leads on.
fn cases() -> impl Strategy<Value = Case> {
    let others = |n| proptest::collection::vec(proptest::collection::vec(0..n + 2, 0..=3), n);
    let chains = (2_usize..6).prop_flat_map(move |n| (Just(n), others(n), any::<bool>()));
    chains.prop_flat_map(|(n, others, normalized)| {
        let mut edges: Vec<(usize, usize)> = (0..n).map(|i| (i, i + 1)).collect();
        let further = |(i, targets): (usize, Vec<usize>)| targets.into_iter().map(move |j| (i, j));
        edges.extend(others.into_iter().enumerate().flat_map(further));
        let numbers = |size| proptest::collection::vec(0.25_f64..2.0, size);
        let weights = proptest::collection::vec(0.05_f64..0.24, edges.len());
        let rewards = [numbers(n + 3), numbers(n + 3), numbers(n + 3)];
        let direction = numbers(n + 2 + edges.len());
        (weights, numbers(n + 3), rewards, direction).prop_map(move |random| {
            let (weights, seeds, rewards, direction) = random;
            let start = (0..n + 2).map(|state| 0.05 + 0.02 * state as f64);
            let theta = start.chain(weights).collect();
            Case { n, edges: edges.clone(), theta, normalized, seeds, rewards, direction }
        })
    })
}

impl Case {
    fn record(&self) -> Trace {
        let mut graph = GraphBuilder::new(1);
        graph.set_normalized(self.normalized);
        let mut vertex =
            |i: usize| graph.find_or_create(VertexKind::Ordinary, &[i as i32]).unwrap().0;
        let ids: Vec<VertexId> = (0..self.n + 2).map(&mut vertex).collect();
        let start = ids.iter().map(|&id| (VertexId::START, id));
        let edges: Vec<_> =
            start.chain(self.edges.iter().map(|&(i, j)| (ids[i], ids[j]))).collect();
        for (parameter, (source, target)) in edges.into_iter().enumerate() {
            let mut row = vec![0.0; self.theta.len()];
            row[parameter] = 1.0;
            graph.add_edge(source, target, 0.0, &row).unwrap();
        }
        Trace::record(&graph.freeze().unwrap()).unwrap()
    }
}

/// Eighth-order central difference along one entry: right to about 1e-12 of the value here.
fn difference(at: &[f64], entry: usize, value: &dyn Fn(&[f64]) -> f64) -> f64 {
    let step = 2e-3 * at[entry];
    let shifted = |times: f64| {
        let mut moved = at.to_vec();
        moved[entry] += times * step;
        value(&moved)
    };
    let pairs = [(1.0, 4.0 / 5.0), (2.0, -1.0 / 5.0), (3.0, 4.0 / 105.0), (4.0, -1.0 / 280.0)];
    let odd = |(times, weight)| weight * (shifted(times) - shifted(-times));
    pairs.into_iter().map(odd).sum::<f64>() / step
}

/// Each slope against the difference, to 1e-9 of `scale / at`.
fn assert_slopes(
    slopes: &[f64],
    at: &[f64],
    scale: f64,
    value: &dyn Fn(&[f64]) -> f64,
) -> Result<(), TestCaseError> {
    for (entry, &slope) in slopes.iter().enumerate() {
        let expected = difference(at, entry, value);
        let error = (slope - expected).abs() * at[entry];
        prop_assert!(error <= 1e-9 * scale, "entry {entry}: {slope} against {expected}");
    }
    Ok(())
}

/// `number` gives the quantity by the function for it alone. Derivatives are compared relative to
/// `scale`, the largest of the terms that the number is a difference of.
fn check<'c>(
    case: &'c Case,
    quantity: impl Fn(&'c [f64], &'c [Vec<f64>; 3]) -> Quantity<'c>,
    number: impl Fn(&Moments<'_>, &[Vec<f64>; 3]) -> f64,
    scale: impl Fn(&Moments<'_>) -> f64,
) -> Result<(), TestCaseError> {
    let trace = case.record();
    let moments = |theta: &[f64]| Moments::new(&trace, theta).unwrap();
    let at = moments(&case.theta);
    let quantity = quantity(&case.seeds, &case.rewards);
    let gradient = at.gradient(&quantity).unwrap();
    let scale = scale(&at).max(gradient.value.abs());
    prop_assert!((gradient.value - number(&at, &case.rewards)).abs() <= 1e-13 * scale);
    let in_theta = |theta: &[f64]| number(&moments(theta), &case.rewards);
    assert_slopes(&gradient.theta, &case.theta, scale, &in_theta)?;
    for (which, slopes) in gradient.rewards.iter().enumerate() {
        let in_rewards = |moved: &[f64]| {
            let mut rewards = case.rewards.clone();
            rewards[which] = moved.to_vec();
            number(&at, &rewards)
        };
        assert_slopes(slopes, &case.rewards[which], scale, &in_rewards)?;
    }
    for (state, slope) in gradient.initial.iter().skip(1).enumerate() {
        // The vertices are in the order of their states, the absorbing ones last.
        prop_assert!((slope - gradient.theta[state]).abs() <= 1e-13 * scale / case.theta[state]);
    }
    let product = at.hessian_product(&quantity, &case.direction).unwrap();
    prop_assert!((product.value.value - gradient.value).abs() <= 1e-13 * scale);
    for (parameter, dual) in product.theta.iter().enumerate() {
        // In steps of the whole direction, scaled so that no weight changes sign.
        let along = |t: &[f64]| {
            let shift = |(theta, d): (&f64, &f64)| theta + (t[0] - 1.0) * 0.02 * d;
            let theta: Vec<f64> = case.theta.iter().zip(&case.direction).map(shift).collect();
            moments(&theta).gradient(&quantity).unwrap().theta[parameter]
        };
        let expected = difference(&[1.0], 0, &along) / 0.02;
        let smallest = case.theta.iter().copied().fold(1.0, f64::min);
        let size = scale / case.theta[parameter] / smallest;
        prop_assert!((dual.slope - expected).abs() <= 1e-8 * size, "{} {expected}", dual.slope);
    }
    Ok(())
}

/// A combination of vertex values.
fn combine(seeds: &[f64], values: &[f64]) -> f64 {
    seeds.iter().zip(values).map(|(seed, value)| seed * value).sum()
}

const SEEDS: [f64; 3] = [0.5, 0.25, 0.125];

/// E of the product of rewards.
fn product(at: &Moments<'_>, clock: Clock, rewards: &[&[f64]]) -> f64 {
    let table = at.joint_moments(clock, &vec![1; rewards.len()], rewards).unwrap();
    table[table.len() - 1]
}

fn own_scale(_: &Moments<'_>) -> f64 {
    0.0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn moments_in_time(case in cases()) {
        let clock = Clock::Time;
        check(
            &case,
            |_, rewards| Quantity::Moments { clock, seeds: &SEEDS, rewards: Some(&rewards[0]) },
            |at, rewards| combine(&SEEDS, &at.moments(3, Some(&rewards[0])).unwrap()),
            own_scale,
        )?;
    }

    #[test]
    fn moments_in_steps(case in cases()) {
        let clock = Clock::Steps;
        check(
            &case,
            |_, rewards| Quantity::Moments { clock, seeds: &SEEDS, rewards: Some(&rewards[0]) },
            |at, rewards| combine(&SEEDS, &at.discrete(3, Some(&rewards[0])).unwrap()),
            own_scale,
        )?;
    }

    #[test]
    fn covariances_in_time(case in cases()) {
        check(
            &case,
            |_, [a, b, _]| Quantity::Covariance { clock: Clock::Time, first: Some(a), second: Some(b) },
            |at, [a, b, _]| at.covariance(Some(a), Some(b)).unwrap(),
            |at| product(at, Clock::Time, &[&case.rewards[0], &case.rewards[1]]),
        )?;
    }

    #[test]
    fn covariances_in_steps(case in cases()) {
        check(
            &case,
            |_, [a, b, _]| Quantity::Covariance { clock: Clock::Steps, first: Some(a), second: Some(b) },
            |at, [a, b, _]| at.discrete_covariance(Some(a), Some(b)).unwrap(),
            |at| product(at, Clock::Steps, &[&case.rewards[0], &case.rewards[1]]),
        )?;
    }

    #[test]
    fn joint_moments_of_three_rewards(case in cases(), steps in any::<bool>()) {
        let clock = if steps { Clock::Steps } else { Clock::Time };
        let all: Vec<&[f64]> = case.rewards.iter().map(Vec::as_slice).collect();
        check(
            &case,
            |_, _| Quantity::JointMoments { clock, orders: &[2, 0, 1], rewards: &all, seeds: &EACH },
            |at, [a, b, c]| {
                combine(&EACH, &at.joint_moments(clock, &[2, 0, 1], &[a, b, c]).unwrap())
            },
            own_scale,
        )?;
    }

    #[test]
    fn joint_moments_of_equal_rewards_are_moments(case in cases(), steps in any::<bool>()) {
        let trace = case.record();
        let at = Moments::new(&trace, &case.theta).unwrap();
        let reward = &case.rewards[0][..];
        let (clock, moments) = if steps {
            (Clock::Steps, at.discrete(3, Some(reward)).unwrap())
        } else {
            (Clock::Time, at.moments(3, Some(reward)).unwrap())
        };
        let cross = product(&at, clock, &[reward; 3]);
        prop_assert!((cross / moments[2] - 1.0).abs() < 1e-13);
    }

    #[test]
    fn waiting_times(case in cases()) {
        check(
            &case,
            |seeds, rewards| Quantity::Waiting { seeds, rewards: Some(&rewards[0]) },
            |at, rewards| combine(&case.seeds, &at.waiting(Some(&rewards[0])).unwrap()),
            own_scale,
        )?;
    }

    #[test]
    fn residence_times(case in cases()) {
        check(
            &case,
            |seeds, rewards| Quantity::Residence { seeds, rewards: Some(&rewards[0]) },
            |at, rewards| combine(&case.seeds, &at.residence(Some(&rewards[0])).unwrap()),
            own_scale,
        )?;
    }

    #[test]
    fn visits(case in cases()) {
        check(
            &case,
            |seeds, _| Quantity::Visits { seeds },
            |at, _| combine(&case.seeds, &at.visits()),
            own_scale,
        )?;
    }

    #[test]
    fn absorption_from_every_vertex(case in cases()) {
        let vertex = case.n + 1;
        check(
            &case,
            |seeds, _| Quantity::Absorption { seeds, vertex },
            |at, _| combine(&case.seeds, &at.absorption(vertex).unwrap()),
            |_| 10.0,
        )?;
    }

    #[test]
    fn the_defect(case in cases()) {
        check(&case, |_, _| Quantity::Defect, |at, _| at.defect(), |_| 1.0)?;
    }

    #[test]
    fn laplace_transforms(case in cases(), s in 0.01_f64..2.0) {
        check(
            &case,
            |_, rewards| Quantity::Laplace { s, rewards: Some(&rewards[0]) },
            |at, rewards| at.laplace(s, Some(&rewards[0])).unwrap(),
            |_| 1.0,
        )?;
    }

    #[test]
    fn laplace_transforms_off_the_real_axis(case in cases(), re in 0.01_f64..2.0, im in 0.1_f64..3.0) {
        let trace = case.record();
        let z = Complex { re, im };
        let reward = Some(&case.rewards[0][..]);
        let at = Moments::new(&trace, &case.theta).unwrap();
        let (gradient, in_z) = at.laplace_gradient_at(z, reward).unwrap();
        prop_assert_eq!(gradient.value, at.laplace_at(z, reward).unwrap());
        let part = |theta: &[f64], z, real: bool| {
            let value = Moments::new(&trace, theta).unwrap().laplace_at(z, reward).unwrap();
            if real { value.re } else { value.im }
        };
        for real in [true, false] {
            let pick = |slope: &Complex| if real { slope.re } else { slope.im };
            let slopes: Vec<f64> = gradient.theta.iter().map(pick).collect();
            assert_slopes(&slopes, &case.theta, 1.0, &|theta| part(theta, z, real))?;
            let in_re = |re: &[f64]| part(&case.theta, Complex { re: re[0], im }, real);
            assert_slopes(&[pick(&in_z)], &[re], 1.0, &in_re)?;
        }
    }
}

/// A single state left with probability p per step, and its trace.
fn geometric() -> Trace {
    let mut graph = GraphBuilder::new(1);
    let state = graph.find_or_create(VertexKind::Ordinary, &[1]).unwrap().0;
    let end = graph.find_or_create(VertexKind::Ordinary, &[0]).unwrap().0;
    graph.add_edge(VertexId::START, state, 1.0, &[]).unwrap();
    graph.add_edge(state, end, 0.0, &[1.0]).unwrap();
    Trace::record(&graph.freeze().unwrap()).unwrap()
}

#[test]
fn steps_of_a_geometric() {
    // E[N] = 1/p and E[N²] = (2 − p)/p².
    let (trace, p) = (geometric(), 0.25_f64);
    let at = Moments::new(&trace, &[p]).unwrap();
    let first = at.discrete_gradient(&[1.0], None).unwrap();
    assert_eq!((first.value, first.theta[0]), (4.0, -16.0));
    let second = at.discrete_gradient(&[0.0, 1.0], None).unwrap();
    assert_eq!((second.value, second.theta[0]), (28.0, 1.0 / p.powi(2) - 4.0 / p.powi(3)));
}

#[test]
fn curvature_of_a_geometric() {
    // d²/dp² of 1/p is 2/p³, of (2 − p)/p² it is 12/p⁴ − 2/p³.
    let (trace, p) = (geometric(), 0.25_f64);
    let at = Moments::new(&trace, &[p]).unwrap();
    let curvature = |seeds: &[f64]| {
        let quantity = Quantity::Moments { clock: Clock::Steps, seeds, rewards: None };
        at.hessian_product(&quantity, &[1.0]).unwrap().theta[0].slope
    };
    assert_eq!(curvature(&[1.0]), 2.0 / p.powi(3));
    assert_eq!(curvature(&[0.0, 1.0]), 12.0 / p.powi(4) - 2.0 / p.powi(3));
}

#[test]
fn a_state_that_no_weight_leads_to_changes_nothing() {
    // State 2 has no way out at θ = 0, and none in.
    let mut graph = GraphBuilder::new(1);
    let mut vertex = |i| graph.find_or_create(VertexKind::Ordinary, &[i]).unwrap().0;
    let (one, two, end) = (vertex(1), vertex(2), vertex(0));
    graph.add_edge(VertexId::START, one, 1.0, &[]).unwrap();
    graph.add_edge(one, end, 0.5, &[]).unwrap();
    graph.add_edge(one, two, 0.0, &[1.0]).unwrap();
    graph.add_edge(two, one, 0.0, &[1.0]).unwrap();
    graph.add_edge(two, end, 0.0, &[1.0]).unwrap();
    graph.set_normalized(true);
    let trace = Trace::record(&graph.freeze().unwrap()).unwrap();
    let at = Moments::new(&trace, &[0.0]).unwrap();
    assert_eq!(at.discrete(3, None).unwrap(), [1.0, 1.0, 1.0]);
}

#[test]
fn the_initial_derivative_of_the_mean_is_the_waiting_time() {
    let trace = geometric();
    let at = Moments::new(&trace, &[0.5]).unwrap();
    let gradient = at.expectation_gradient(None).unwrap();
    assert_eq!(gradient.initial[1..], at.waiting(None).unwrap()[1..]);
}

#[test]
fn seeds_of_the_wrong_length_are_refused() {
    let trace = geometric();
    let at = Moments::new(&trace, &[0.5]).unwrap();
    let error = at.gradient(&Quantity::Visits { seeds: &[1.0] }).unwrap_err().to_string();
    assert_eq!(error, "seeds has 1 entries, but 3 were expected");
}

#[test]
fn seeds_that_do_not_fit_the_orders_are_refused() {
    let trace = geometric();
    let at = Moments::new(&trace, &[0.5]).unwrap();
    let rewards = [&[1.0; 3][..]];
    let quantity = Quantity::JointMoments {
        clock: Clock::Time,
        orders: &[2],
        rewards: &rewards,
        seeds: &[1.0],
    };
    let error = at.gradient(&quantity).unwrap_err().to_string();
    assert_eq!(error, "seeds has 1 entries, but 3 were expected");
    let error = at.joint_moments(Clock::Steps, &[1, 1], &rewards).unwrap_err().to_string();
    assert_eq!(error, "orders has 2 entries, but 1 were expected");
}
