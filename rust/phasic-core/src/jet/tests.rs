//! Derivatives against central differences of the values, and the values against their methods.

use std::sync::Arc;

use super::{Jet, Numbers, Wanted};
use crate::{Clock, GraphBuilder, Moments, Trace, VertexId, VertexKind};

/// A queue of at most n customers that is left from the empty state; θ: arrival, service, leaving.
fn queue(n: i32) -> Arc<Trace> {
    let mut graph = GraphBuilder::new(1);
    let mut vertex =
        |state: i32| graph.find_or_create(VertexKind::Ordinary, &[state]).expect("one entry").0;
    let vertices: Vec<VertexId> = (-1..=n).map(&mut vertex).collect();
    graph.add_edge(VertexId::START, vertices[2], 0.75, &[]).expect("a probability");
    graph.add_edge(VertexId::START, vertices[3], 0.25, &[]).expect("a probability");
    graph.add_edge(vertices[1], vertices[0], 0.0, &[0.0, 0.0, 1.0]).expect("a rate");
    for customers in 0..=n as usize {
        let at = customers + 1;
        if customers < n as usize {
            graph.add_edge(vertices[at], vertices[at + 1], 0.01, &[0.5, 0.0, 0.0]).expect("a rate");
        }
        if customers > 0 {
            graph.add_edge(vertices[at], vertices[at - 1], 0.0, &[0.0, 1.5, 0.0]).expect("a rate");
        }
    }
    Arc::new(Trace::record(&graph.freeze().expect("absorbed")).expect("a small chain"))
}

const THETA: [f64; 3] = [0.12, 0.3, 0.2];

/// Compares derivatives with differences of what has one derivative less.
fn check(numbers: &dyn Fn(&[f64]) -> Jet2, n_variables: usize) {
    let base = [THETA.as_slice(), &[0.7]].concat();
    let at = |moved: Option<(usize, f64)>| {
        let mut variables = base.clone();
        if let Some((index, by)) = moved {
            variables[index] += by;
        }
        numbers(&variables)
    };
    let jet = at(None);
    let k = jet.second.values.len();
    assert_eq!(jet.second.first.len(), k * n_variables);
    assert_eq!(jet.second.second.len(), k * n_variables * n_variables);
    close(&jet.first.first, &jet.second.first, 1e-13);
    close(&jet.values.values, &jet.second.values, 1e-13);
    let step = 1e-4;
    for variable in 0..n_variables {
        let (up, down) = (at(Some((variable, step))), at(Some((variable, -step))));
        let slope = |up: &[f64], down: &[f64]| -> Vec<f64> {
            up.iter().zip(down).map(|(up, down)| (up - down) / (2.0 * step)).collect()
        };
        let first: Vec<f64> =
            (0..k).map(|row| jet.second.first[row * n_variables + variable]).collect();
        close(&slope(&up.values.values, &down.values.values), &first, 1e-5);
        let second: Vec<f64> = (0..k * n_variables)
            .map(|entry| jet.second.second[entry * n_variables + variable])
            .collect();
        close(&slope(&up.first.first, &down.first.first), &second, 1e-5);
    }
}

/// One question at all three orders.
struct Jet2 {
    values: Jet,
    first: Jet,
    second: Jet,
}

fn all(numbers: &Numbers<'_>, trace: &Arc<Trace>, theta: &[f64]) -> Jet2 {
    let [values, first, second] = [Wanted::Values, Wanted::First, Wanted::Second]
        .map(|wanted| numbers.jet(trace, theta, wanted).expect("a valid question"));
    Jet2 { values, first, second }
}

fn close(given: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(given.len(), expected.len());
    let scale = expected.iter().fold(1e-3, |largest: f64, value| largest.max(value.abs()));
    for (given, expected) in given.iter().zip(expected) {
        assert!((given - expected).abs() <= tolerance * scale, "{given} {expected}");
    }
}

fn rewards(trace: &Arc<Trace>, k: usize) -> Vec<f64> {
    (0..k * trace.n_vertices()).map(|i| 0.5 + (i * i % 11) as f64).collect()
}

#[test]
fn moments_have_their_derivatives() {
    let trace = queue(5);
    for clock in [Clock::Time, Clock::Steps] {
        for rewards in [vec![], rewards(&trace, 1)] {
            let numbers = Numbers::Moments { clock, power: 3, rewards: &rewards };
            check(&|at| all(&numbers, &trace, &at[..3]), 3);
        }
        let rewards = rewards(&trace, 2);
        let numbers = Numbers::Covariance { clock, rewards: &rewards };
        check(&|at| all(&numbers, &trace, &at[..3]), 3);
    }
}

#[test]
fn expectations_have_their_derivatives_whatever_their_number() {
    let trace = queue(4);
    for k in [1, 3, 5] {
        let rewards = rewards(&trace, k);
        let numbers = Numbers::Expectations { rewards: &rewards };
        check(&|at| all(&numbers, &trace, &at[..3]), 3);
    }
}

#[test]
fn laplace_transforms_have_derivatives_in_theta_and_s() {
    let trace = queue(4);
    let rewards = rewards(&trace, 1);
    let ask = |at: &[f64]| {
        let points = [at[3]];
        all(&Numbers::Laplace { points: &points, rewards: &rewards }, &trace, &at[..3])
    };
    check(&ask, 4);
}

/// Values as a function of rewards, their derivatives at some rewards, and those rewards.
type Asked<'a> = (&'a dyn Fn(&[f64]) -> Vec<f64>, Jet, &'a [f64]);

#[test]
fn rewards_have_derivatives_in_the_shape_they_are_given_in() {
    let trace = queue(3);
    let n = trace.n_vertices();
    let (one, two) = (rewards(&trace, 1), rewards(&trace, 2));
    let points = [0.3, 1.1];
    let asked: [Asked<'_>; 4] = [
        (
            &|r| {
                let numbers = Numbers::Moments { clock: Clock::Time, power: 2, rewards: r };
                numbers.jet(&trace, &THETA, Wanted::Values).expect("valid").values
            },
            Numbers::Moments { clock: Clock::Time, power: 2, rewards: &one }
                .jet(&trace, &THETA, Wanted::FirstAndRewards)
                .expect("valid"),
            &one,
        ),
        (
            &|r| {
                let numbers = Numbers::Expectations { rewards: r };
                numbers.jet(&trace, &THETA, Wanted::Values).expect("valid").values
            },
            Numbers::Expectations { rewards: &two }
                .jet(&trace, &THETA, Wanted::FirstAndRewards)
                .expect("valid"),
            &two,
        ),
        (
            &|r| {
                let numbers = Numbers::Covariance { clock: Clock::Time, rewards: r };
                numbers.jet(&trace, &THETA, Wanted::Values).expect("valid").values
            },
            Numbers::Covariance { clock: Clock::Time, rewards: &two }
                .jet(&trace, &THETA, Wanted::FirstAndRewards)
                .expect("valid"),
            &two,
        ),
        (
            &|r| {
                let numbers = Numbers::Laplace { points: &points, rewards: r };
                numbers.jet(&trace, &THETA, Wanted::Values).expect("valid").values
            },
            Numbers::Laplace { points: &points, rewards: &one }
                .jet(&trace, &THETA, Wanted::FirstAndRewards)
                .expect("valid"),
            &one,
        ),
    ];
    for (values, jet, rewards) in asked {
        let (k, r) = (jet.values.len(), rewards.len());
        assert_eq!(jet.rewards.len(), k * r);
        assert!(r.is_multiple_of(n));
        for index in 0..r {
            let moved = |by: f64| {
                let mut rewards = rewards.to_vec();
                rewards[index] += by;
                values(&rewards)
            };
            let (up, down) = (moved(1e-4), moved(-1e-4));
            let slopes: Vec<f64> = up.iter().zip(&down).map(|(a, b)| (a - b) / 2e-4).collect();
            let column: Vec<f64> = (0..k).map(|row| jet.rewards[row * r + index]).collect();
            close(&slopes, &column, 1e-5);
        }
    }
}

#[test]
fn values_are_those_of_the_moments() {
    let trace = queue(6);
    let expected = Moments::new(&trace, &THETA).expect("valid").moments(4, None).expect("valid");
    let numbers = Numbers::Moments { clock: Clock::Time, power: 4, rewards: &[] };
    assert_eq!(numbers.jet(&trace, &THETA, Wanted::Values).expect("valid").values, expected);
}

#[test]
fn rewards_of_a_wrong_length_are_refused() {
    let trace = queue(3);
    let rewards = vec![1.0; trace.n_vertices() + 1];
    for numbers in [
        Numbers::Moments { clock: Clock::Time, power: 2, rewards: &rewards },
        Numbers::Expectations { rewards: &rewards },
        Numbers::Covariance { clock: Clock::Time, rewards: &rewards[1..] },
        Numbers::Laplace { points: &[1.0], rewards: &rewards },
    ] {
        assert!(numbers.jet(&trace, &THETA, Wanted::First).is_err());
    }
}
