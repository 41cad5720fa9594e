//! Marks on rewards: known laws, closure, derivatives against differences, and interruption.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use phasic_benches::{freeze, kingman, kingman_blocks, rabbits, rewards};
use phasic_core::{Error, Interrupt, Marked, Trace};

const THETA: [f64; 3] = [1.0, 2.0, 4.0];

fn close(given: f64, expected: f64, relative: f64) {
    let error = (given / expected - 1.0).abs();
    assert!(error <= relative, "given {given:e}, expected {expected:e}, relative error {error:e}");
}

#[test]
fn segregating_sites_follow_tavare() {
    // Tavaré 1984: n = 10, θ = 2.
    let known = [0.018_181_818_181_818_18, 0.055_268_267_086_448_9, 0.095_202_157_725_350_1];
    let frozen = freeze(&kingman(10));
    let trace = Trace::record(&frozen).unwrap();
    let lineages = rewards(&frozen, |state| f64::from(state[0]));
    let law = Marked::new(&trace, &[1.0], &[Some(&lineages)], &[1.0]).unwrap();
    for (found, expected) in law.pmf(&[0.0, 1.0, 2.0]).unwrap().into_iter().zip(known) {
        close(found, expected, 1e-12);
    }
}

#[test]
fn what_is_at_most_and_what_is_above_make_one() {
    let frozen = freeze(&rabbits(4));
    let trace = Trace::record(&frozen).unwrap();
    let right = rewards(&frozen, |state| f64::from(state[1]));
    let law = Marked::new(&trace, &THETA, &[None, Some(&right)], &[0.5, 3.0]).unwrap();
    let counts: Vec<f64> = (0..20).map(f64::from).collect();
    for (below, above) in law.cdf(&counts).unwrap().into_iter().zip(law.sf(&counts).unwrap()) {
        close(below + above, 1.0, 1e-14);
    }
}

#[test]
fn a_spectrum_has_the_table_of_its_rows() {
    let frozen = freeze(&kingman_blocks(5));
    let trace = Trace::record(&frozen).unwrap();
    let rows: Vec<Vec<f64>> =
        (0..3).map(|i| rewards(&frozen, |state| f64::from(state[i]))).collect();
    let rows: Vec<Option<&[f64]>> = rows.iter().map(|row| Some(row.as_slice())).collect();
    let law = Marked::new(&trace, &[1.0], &rows, &[0.5, 1.0, 2.0]).unwrap();
    let table = law.table(&[1.0, 2.0, 1.0]).unwrap();
    assert_eq!(table.len(), 12);
    let at = law.pmf(&[0.0, 2.0, 1.0, 1.0, 0.0, 1.0]).unwrap();
    close(table[5], at[0], 1e-14);
    close(table[7], at[1], 1e-14);
}

#[test]
fn derivatives_are_limits_of_differences() {
    let frozen = freeze(&rabbits(3));
    let trace = Trace::record(&frozen).unwrap();
    let left = rewards(&frozen, |state| f64::from(state[0]));
    let right = rewards(&frozen, |state| f64::from(state[1]));
    let (data, weights, rates) = ([1.0, 0.0, 2.0, 3.0], [1.0, 2.0], [0.7, 1.9]);
    let value = |theta: &[f64], left: &[f64], rates: &[f64]| {
        let law = Marked::new(&trace, theta, &[Some(left), Some(&right)], rates).unwrap();
        law.log_likelihood(&data, &weights).unwrap()
    };
    let law = Marked::new(&trace, &THETA, &[Some(&left), Some(&right)], &rates).unwrap();
    let found = law.log_likelihood_gradient(&data, &weights).unwrap();
    close(found.value, value(&THETA, &left, &rates), 1e-15);
    let moved = |at: &[f64], index: usize, step: f64| {
        let mut at = at.to_vec();
        at[index] += step;
        at
    };
    // A step of 1e-5 leaves errors of 1e-10 in what is cut off and 1e-11 in rounding.
    let step = 1e-5;
    let near = |found: f64, up: f64, down: f64| {
        let slope = (up - down) / (2.0 * step);
        assert!((found - slope).abs() < 1e-7 * (1.0 + slope.abs()), "{found} against {slope}");
    };
    for i in 0..3 {
        let at = |step| value(&moved(&THETA, i, step), &left, &rates);
        near(found.theta[i], at(step), at(-step));
    }
    for i in 0..2 {
        let at = |step| value(&THETA, &left, &moved(&rates, i, step));
        near(found.rates[i], at(step), at(-step));
    }
    for i in (0..left.len()).filter(|&i| left[i] > 0.0) {
        let at = |step| value(&THETA, &moved(&left, i, step), &rates);
        near(found.rewards[0][i], at(step), at(-step));
    }
}

#[test]
fn a_long_table_stops_when_asked_to() {
    let frozen = freeze(&kingman(50));
    let trace = Trace::record(&frozen).unwrap();
    let stop = || true;
    let law = Marked::until(&trace, &[1.0], &[None], &[1.0], Interrupt::when(&stop)).unwrap();
    assert_eq!(law.pmf(&[1e6]).unwrap_err(), Error::Interrupted);
}

#[test]
fn a_rate_that_is_missing_is_an_error() {
    let trace = Trace::record(&freeze(&kingman(3))).unwrap();
    let refused = Marked::new(&trace, &[1.0], &[None, None], &[1.0]).err().unwrap();
    assert_eq!(refused, Error::Length { name: "rate", expected: 2, given: 1 });
}

#[test]
fn a_rate_times_a_reward_beyond_doubles_is_an_error() {
    let trace = Trace::record(&freeze(&kingman(3))).unwrap();
    let many = vec![1e300; trace.n_vertices()];
    let refused = Marked::new(&trace, &[1.0], &[Some(&many)], &[1e300]).err().unwrap();
    assert!(matches!(refused, Error::BadValue { name: "rate", value: 1e300, .. }));
}
