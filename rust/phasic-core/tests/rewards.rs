//! Several rewards at once, and chains in reward time: known answers and closure.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use phasic_benches::{freeze, kingman_blocks, rabbits, rewards};
use phasic_core::{
    Clock, Complex, Discrete, Error, Moments, Trace, reward_transform_discrete,
    reward_transform_for_any_theta,
};

const THETA: [f64; 3] = [1.0, 2.0, 4.0];

fn close(given: f64, expected: f64, relative: f64) {
    let error = (given / expected - 1.0).abs();
    assert!(error <= relative, "given {given:e}, expected {expected:e}, relative error {error:e}");
}

#[test]
fn joint_moments_hold_covariances_and_moments() {
    let frozen = freeze(&rabbits(2));
    let trace = Trace::record(&frozen).unwrap();
    let at = Moments::new(&trace, &THETA).unwrap();
    let left = rewards(&frozen, |state| f64::from(state[0]));
    let right = rewards(&frozen, |state| f64::from(state[1]));
    let table = at.joint_moments(Clock::Time, &[1, 2], &[&left, &right]).unwrap();
    assert_eq!(table.len(), 6);
    assert_eq!(table[0], 1.0);
    close(table[1], 0.094_387_755_102_040_8, 1e-14);
    close(table[2], 0.055_256_924_198_250_7, 1e-14);
    close(table[4] - table[1] * table[3], 0.030_003_774_468_971_3, 1e-13);
}

#[test]
fn patterns_of_zeros_sum_to_one() {
    let frozen = freeze(&rabbits(4));
    let trace = Trace::record(&frozen).unwrap();
    let at = Moments::new(&trace, &THETA).unwrap();
    let both = rewards(&frozen, |state| f64::from(i32::from(state[0] > 0 && state[1] > 0)));
    let right = rewards(&frozen, |state| f64::from(state[1]));
    let atoms = at.atoms(&[&both, &right]).unwrap();
    close(atoms.iter().sum(), 1.0, 1e-15);
    assert_eq!(atoms[2], 0.0, "rabbits on both sides are rabbits on the right");
    close(atoms[0], at.atom_gradient(&right).unwrap().value, 1e-15);
    // A right island that never sees a rabbit leaves the flood of rate 2 before a crossing of rate 1.
    close(atoms[0], 2.0 / 3.0, 1e-15);
    close(at.moments_given_zero(1, None, &right).unwrap()[0], 1.0 / 3.0, 1e-15);
}

#[test]
fn a_reward_that_is_surely_positive_is_no_condition() {
    let frozen = freeze(&rabbits(2));
    let trace = Trace::record(&frozen).unwrap();
    let at = Moments::new(&trace, &THETA).unwrap();
    let left = rewards(&frozen, |state| f64::from(state[0]));
    assert_eq!(at.moments_given_zero(1, None, &left).unwrap_err(), Error::SurelyPositive);
}

#[test]
fn a_joint_transform_of_one_reward_is_its_transform() {
    let frozen = freeze(&rabbits(3));
    let trace = Trace::record(&frozen).unwrap();
    let at = Moments::new(&trace, &THETA).unwrap();
    let left = rewards(&frozen, |state| f64::from(state[0]));
    let right = rewards(&frozen, |state| f64::from(state[1]));
    let (z, zero) = (Complex { re: 0.5, im: 2.0 }, Complex { re: 0.0, im: 0.0 });
    let joint = at.joint_laplace(&[z, zero], &[&left, &right]).unwrap();
    let alone = at.laplace_at(z, Some(&left)).unwrap();
    close(joint.re, alone.re, 1e-15);
    close(joint.im, alone.im, 1e-15);
}

#[test]
fn a_transform_for_any_theta_answers_at_each() {
    let frozen = freeze(&kingman_blocks(6));
    let trace = Trace::record(&frozen).unwrap();
    // Some trees have no branch with three descendants.
    let triples = rewards(&frozen, |state| f64::from(state[2]));
    let kept = reward_transform_for_any_theta(&trace, &triples).unwrap().unwrap();
    let transformed = Trace::record(&freeze(&kept)).unwrap();
    for theta in [0.5, 3.0] {
        let at = Moments::new(&trace, &[theta]).unwrap();
        let found = Moments::new(&transformed, &[theta]).unwrap();
        let expected = at.moments(2, Some(&triples)).unwrap();
        for (found, expected) in found.moments(2, None).unwrap().into_iter().zip(expected) {
            close(found, expected, 1e-14);
        }
        close(found.defect(), at.atoms(&[&triples]).unwrap()[0], 1e-14);
    }
}

#[test]
fn a_state_that_branches_by_theta_cannot_be_eliminated_for_any() {
    let frozen = freeze(&rabbits(2));
    let trace = Trace::record(&frozen).unwrap();
    let right = rewards(&frozen, |state| f64::from(state[1]));
    assert!(reward_transform_for_any_theta(&trace, &right).unwrap().is_none());
}

#[test]
fn steps_of_a_transformed_jump_chain_are_rewards() {
    let mut graph = rabbits(3);
    graph.set_normalized(true);
    let frozen = freeze(&graph);
    let trace = Trace::record(&frozen).unwrap();
    let right = rewards(&frozen, |state| f64::from(2 * state[1]));
    let transformed = freeze(&reward_transform_discrete(&trace, &THETA, &right).unwrap());
    let transformed = Trace::record(&transformed).unwrap();
    let counts: Vec<f64> = (0..20).map(f64::from).collect();
    let expected = Discrete::new(&trace, &THETA, &right).unwrap().pmf(&counts).unwrap();
    let found = Discrete::new(&transformed, &[], &[]).unwrap().pmf(&counts).unwrap();
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-14 * expected, "{found:e} against {expected:e}");
    }
}
