//! Derivatives against differences and identities, over the named models.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use phasic_benches::{demes, freeze, kingman_blocks, rabbits, rewards, tandem};
use phasic_core::{Batch, Clock, Complex, Frozen, Moments, Quantity, Trace};

/// Models with cycles and without, and a θ for each.
fn models() -> Vec<(Frozen, Vec<f64>)> {
    vec![
        (freeze(&rabbits(4)), vec![1.0, 2.0, 4.0]),
        (freeze(&kingman_blocks(6)), vec![1.3]),
        (freeze(&demes(&[3, 1])), vec![1.0, 0.4]),
        (freeze(&tandem(3)), vec![1.0, 1.5, 1.2]),
    ]
}

fn first_entry(frozen: &Frozen) -> Vec<f64> {
    rewards(frozen, |state| f64::from(state[0]))
}

fn last_entry(frozen: &Frozen) -> Vec<f64> {
    rewards(frozen, |state| f64::from(state[state.len() - 1]) + 0.5)
}

/// Fourth-order central difference of `value` along one entry of `at`.
fn difference(at: &[f64], entry: usize, value: &dyn Fn(&[f64]) -> f64) -> f64 {
    let step = 1e-3 * at[entry].abs().max(0.1);
    let shifted = |times: f64| {
        let mut moved = at.to_vec();
        moved[entry] += times * step;
        value(&moved)
    };
    (8.0 * (shifted(1.0) - shifted(-1.0)) - (shifted(2.0) - shifted(-2.0))) / (12.0 * step)
}

/// Differences of order 4 with steps of 1e-3 are right to about 1e-10 of the value.
fn assert_gradient(given: &[f64], at: &[f64], value: &dyn Fn(&[f64]) -> f64) {
    let scale = value(at).abs();
    for (entry, &slope) in given.iter().enumerate() {
        let expected = difference(at, entry, value);
        assert!((slope - expected).abs() <= 1e-8 * scale.max(slope.abs()), "{slope} {expected}");
    }
}

#[test]
fn combinations_of_moments() {
    for (frozen, theta) in models() {
        let (trace, reward) = (Trace::record(&frozen).unwrap(), first_entry(&frozen));
        let seeds = [0.5, -0.2, 0.1];
        let value = |theta: &[f64], reward: &[f64]| {
            let raw = Moments::new(&trace, theta).unwrap().moments(3, Some(reward)).unwrap();
            raw.iter().zip(seeds).map(|(moment, seed)| moment * seed).sum::<f64>()
        };
        let at = Moments::new(&trace, &theta).unwrap();
        let gradient = at.moments_gradient(&seeds, Some(&reward)).unwrap();
        assert!((gradient.value / value(&theta, &reward) - 1.0).abs() < 1e-12);
        assert_gradient(&gradient.theta, &theta, &|theta| value(theta, &reward));
        let in_rewards = &gradient.rewards[0];
        for vertex in 1..trace.n_vertices() {
            let expected = difference(&reward, vertex, &|reward| value(&theta, reward));
            assert!((in_rewards[vertex] - expected).abs() <= 1e-8 * gradient.value.abs().max(1.0));
        }
    }
}

#[test]
fn covariances() {
    for (frozen, theta) in models() {
        let trace = Trace::record(&frozen).unwrap();
        let (a, b) = (first_entry(&frozen), last_entry(&frozen));
        let value = |theta: &[f64]| {
            Moments::new(&trace, theta).unwrap().covariance(Some(&a), Some(&b)).unwrap()
        };
        let at = Moments::new(&trace, &theta).unwrap();
        let (clock, first, second) = (Clock::Time, Some(&a[..]), Some(&b[..]));
        let gradient = at.gradient(&Quantity::Covariance { clock, first, second }).unwrap();
        assert!((gradient.value - value(&theta)).abs() <= 1e-12 * value(&theta).abs());
        assert_gradient(&gradient.theta, &theta, &value);
        let matrix = at.covariances(&[&a, &b]).unwrap();
        assert!((matrix[1] - gradient.value).abs() <= 1e-12 * gradient.value.abs());
        assert!((matrix[1] - matrix[2]).abs() <= 1e-14 * gradient.value.abs());
        for vertex in 1..trace.n_vertices() {
            let shifted = |a: &[f64]| at.covariance(Some(a), Some(&b)).unwrap();
            let expected = difference(&a, vertex, &shifted);
            let error = (gradient.rewards[0][vertex] - expected).abs();
            assert!(error <= 1e-7 * gradient.value.abs().max(expected.abs()));
        }
    }
}

#[test]
fn laplace_transforms() {
    for (frozen, theta) in models() {
        let trace = Trace::record(&frozen).unwrap();
        let reward = last_entry(&frozen);
        let value = |theta: &[f64], s: f64| {
            Moments::new(&trace, theta).unwrap().laplace(s, Some(&reward)).unwrap()
        };
        let at = Moments::new(&trace, &theta).unwrap();
        let (gradient, in_s) = at.laplace_gradient(0.3, Some(&reward)).unwrap();
        assert_eq!(gradient.value, value(&theta, 0.3));
        assert_gradient(&gradient.theta, &theta, &|theta| value(theta, 0.3));
        assert_gradient(&[in_s], &[0.3], &|s| value(&theta, s[0]));
        // On the real axis the complex transform is the real one, and f(z̄) is the conjugate.
        let real = at.laplace_at(Complex { re: 0.3, im: 0.0 }, Some(&reward)).unwrap();
        assert!((real.re - gradient.value).abs() < 1e-15 && real.im == 0.0);
        let above = at.laplace_at(Complex { re: 0.3, im: 0.7 }, Some(&reward)).unwrap();
        let below = at.laplace_at(Complex { re: 0.3, im: -0.7 }, Some(&reward)).unwrap();
        assert_eq!((above.re, above.im), (below.re, -below.im));
    }
}

#[test]
fn absorption_probabilities() {
    for (frozen, theta) in models() {
        let trace = Trace::record(&frozen).unwrap();
        let absorbing: Vec<usize> =
            (1..trace.n_vertices()).filter(|&v| trace.graph().is_absorbing(v)).collect();
        let at = Moments::new(&trace, &theta).unwrap();
        let mut total = 0.0;
        for &vertex in &absorbing {
            let value =
                |theta: &[f64]| Moments::new(&trace, theta).unwrap().absorption(vertex).unwrap()[0];
            let mut seeds = vec![0.0; trace.n_vertices()];
            seeds[0] = 1.0;
            let gradient = at.gradient(&Quantity::Absorption { seeds: &seeds, vertex }).unwrap();
            assert_eq!(gradient.value, value(&theta));
            assert!((gradient.value - at.visits()[vertex]).abs() < 1e-14);
            assert_gradient(&gradient.theta, &theta, &value);
            total += gradient.value;
        }
        assert!((total - 1.0).abs() < 1e-14);
        assert!(at.absorption(0).is_err());
    }
}

#[test]
fn hessian_products_are_symmetric_and_equal_differences_of_gradients() {
    for (frozen, theta) in models() {
        let trace = Trace::record(&frozen).unwrap();
        let p = theta.len();
        let at = Moments::new(&trace, &theta).unwrap();
        let mean = Quantity::Moments { clock: Clock::Time, seeds: &[1.0], rewards: None };
        let column = |j: usize| {
            let mut direction = vec![0.0; p];
            direction[j] = 1.0;
            at.hessian_product(&mean, &direction).unwrap()
        };
        let expected = at.expectation_gradient(None).unwrap();
        let columns: Vec<_> = (0..p).map(column).collect();
        for (j, product) in columns.iter().enumerate() {
            assert_eq!(product.value.value, expected.value);
            for (given, expected) in product.theta.iter().zip(&expected.theta) {
                // One by a sweep, the other by expected times.
                assert!((given.value / expected - 1.0).abs() < 1e-12, "{given:?} {expected}");
            }
            for i in 0..p {
                let slope = product.theta[i].slope;
                let mirrored = columns[i].theta[j].slope;
                assert!((slope - mirrored).abs() <= 1e-12 * expected.value);
                let gradient = |theta: &[f64]| {
                    let at = Moments::new(&trace, theta).unwrap();
                    at.expectation_gradient(None).unwrap().theta[i]
                };
                let difference = difference(&theta, j, &gradient);
                assert!((slope - difference).abs() <= 1e-7 * expected.value);
            }
        }
    }
}

#[test]
fn a_batch_gives_the_bits_of_each_theta_alone() {
    for (frozen, theta) in models() {
        let trace = Trace::record(&frozen).unwrap();
        let reward = last_entry(&frozen);
        let thetas: Vec<f64> = (0..21)
            .flat_map(|k| theta.iter().map(move |t| t * (1.0 + 0.1 * f64::from(k))))
            .collect();
        let batch = Batch::new(&trace, &thetas).unwrap();
        let values = batch.expectations(Some(&reward)).unwrap();
        let (again, gradients) = batch.expectation_gradients(Some(&reward)).unwrap();
        assert_eq!(values, again);
        for (k, theta) in thetas.chunks(theta.len()).enumerate() {
            let alone = Moments::new(&trace, theta).unwrap();
            let alone = alone.expectation_gradient(Some(&reward)).unwrap();
            assert_eq!(values[k], alone.value);
            let gradient = &gradients[k * theta.len()..(k + 1) * theta.len()];
            let single = Batch::new(&trace, theta).unwrap();
            assert_eq!(gradient, single.expectation_gradients(Some(&reward)).unwrap().1);
            // The two sweeps add the edges of a row of weights in different orders.
            for (given, expected) in gradient.iter().zip(&alone.theta) {
                assert!((given - expected).abs() <= 1e-13 * alone.value);
            }
        }
    }
}

#[test]
fn many_rewards_share_one_solve() {
    let frozen = freeze(&kingman_blocks(8));
    let trace = Trace::record(&frozen).unwrap();
    let carried: Vec<Vec<f64>> =
        (0..7).map(|i| rewards(&frozen, |state| f64::from(state[i]))).collect();
    let all: Vec<&[f64]> = carried.iter().map(Vec::as_slice).collect();
    let lengths = Moments::new(&trace, &[1.0]).unwrap().expectations(&all).unwrap();
    for (i, length) in lengths.iter().enumerate() {
        assert!((length * (i + 1) as f64 / 2.0 - 1.0).abs() < 1e-13);
    }
}
