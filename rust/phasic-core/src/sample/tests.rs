//! The parts of a sample: random numbers, tables, streams and interrupts.

use proptest::prelude::*;

use super::Sampler;
use super::alias::{Slot, fill};
use super::sampler::STREAM;
use super::source::{Layers, Source, TAIL};
use crate::Clock;
use crate::{Error, Graph, GraphBuilder, Interrupt, VertexId, VertexKind};

const KEY: [u8; 32] = [5; 32];

/// A chain by its edges, between states 0, 1, …; the initial distribution is the row of −1.
fn chain(edges: &[(i32, i32, f64)]) -> Graph {
    let mut builder = GraphBuilder::new(1);
    for &(from, to, weight) in edges {
        let mut vertex = |state: i32| match state {
            -1 => VertexId::START,
            state => builder.find_or_create(VertexKind::Ordinary, &[state]).unwrap().0,
        };
        let (from, to) = (vertex(from), vertex(to));
        builder.add_edge(from, to, weight, &[]).unwrap();
    }
    builder.freeze().unwrap().graph
}

/// States 1, 2, 3 in a cycle, each with a way out to 0.
fn cycle() -> Graph {
    let away = [(1, 2, 2.0), (2, 3, 1.0), (3, 1, 4.0), (1, 0, 0.5), (2, 0, 0.25), (3, 0, 0.125)];
    chain(&[&[(-1, 1, 0.5), (-1, 2, 0.25)], &away[..]].concat())
}

fn times(sampler: &Sampler, n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    sampler.times(&KEY, &mut out, &Interrupt::never()).unwrap();
    out
}

#[test]
fn layers_have_equal_areas() {
    let Layers { ends, heights } = Layers::new();
    let area = (TAIL + 1.0) * (-TAIL).exp();
    assert!((TAIL * heights[1] + (-TAIL).exp() - area).abs() < 1e-17);
    for i in 1..256 {
        // The last one closes the recursion through all the others.
        let layer = ends[i] * (heights[i + 1] - heights[i]);
        assert!((layer / area - 1.0).abs() < 1e-11, "{i}: {layer} {area}");
    }
}

#[test]
fn exponential_numbers_have_the_right_tail() {
    let mut source = Source::new(&KEY, 0);
    let n = 4_000_000;
    let draws: Vec<f64> = (0..n).map(|_| source.exponential()).collect();
    assert!(draws.iter().all(|&x| x > 0.0 && x.is_finite()));
    for level in [0.01, 0.1, 1.0, 3.0, TAIL, 10.0] {
        let expected = f64::from(n) * (-level).exp();
        let beyond: Vec<f64> = draws.iter().filter(|&&x| x > level).map(|x| x - level).collect();
        let count = beyond.len() as f64;
        // Five standard errors.
        let spread = (expected * (1.0 - (-level).exp())).sqrt();
        assert!((count - expected).abs() < 5.0 * spread, "{level}: {count} {expected}");
        let mean = beyond.iter().sum::<f64>() / count;
        assert!((mean - 1.0).abs() < 5.0 / count.sqrt(), "{level}: {mean}");
    }
}

#[test]
fn beyond_the_last_layer_comes_another_exponential_number() {
    let mut source = Source::new(&KEY, 1);
    let n = 100_000;
    let mut excesses: Vec<f64> = (0..n).map(|_| source.beyond(0, TAIL + 0.5) - TAIL).collect();
    assert!(excesses.iter().all(|&excess| excess >= 0.0));
    excesses.sort_by(f64::total_cmp);
    let gap =
        |(rank, x): (usize, &f64)| ((rank as f64 + 0.5) / f64::from(n) - 1.0 + (-x).exp()).abs();
    let largest = excesses.iter().enumerate().map(gap).fold(0.0, f64::max);
    // Kolmogorov's distance: a p-value of 1e-4 is at 2.23.
    assert!(largest * f64::from(n).sqrt() < 2.23, "{largest}");
}

#[test]
fn streams_differ() {
    let word = |stream| Source::new(&KEY, stream).word();
    assert_ne!(word(0), word(1));
    assert_ne!(word(0), Source::new(&[6; 32], 0).word());
    assert_eq!(word(3), word(3));
}

proptest! {
    #[test]
    fn tables_keep_the_probabilities(
        weights in prop::collection::vec((1.0..10.0, -12..12).prop_map(|(m, e)| m * 10_f64.powi(e)), 1..40),
    ) {
        let mut slots = vec![];
        fill(&mut slots, weights.iter().enumerate().map(|(to, &weight)| (to as u32, weight)));
        let sum: f64 = weights.iter().sum();
        let probabilities = Slot::probabilities(&slots, weights.len());
        for (found, weight) in probabilities.iter().zip(&weights) {
            prop_assert!((found - weight / sum).abs() < 1e-14, "{found} {}", weight / sum);
        }
        // A share below one slot is rounded once.
        let rare = (0..weights.len()).filter(|&to| weights[to] / sum < 0.1 / weights.len() as f64);
        for to in rare {
            let expected = weights[to] / sum;
            prop_assert!((probabilities[to] / expected - 1.0).abs() < 1e-5 || expected < 1e-14);
        }
    }
}

#[test]
fn huge_weights_do_not_overflow() {
    let mut slots = vec![];
    fill(&mut slots, [(0, f64::MAX), (1, f64::MAX), (2, 0.5 * f64::MAX)].into_iter());
    let probabilities = Slot::probabilities(&slots, 3);
    for (found, expected) in probabilities.iter().zip([0.4, 0.4, 0.2]) {
        assert!((found - expected).abs() < 1e-15);
    }
}

#[test]
fn a_short_sample_begins_a_long_one() {
    let graph = cycle();
    let sampler = Sampler::new(&graph, &[], Clock::Time).unwrap();
    let long = times(&sampler, 20 * STREAM + 7);
    for n in [0, 1, STREAM - 1, STREAM, STREAM + 1, 9 * STREAM] {
        assert_eq!(times(&sampler, n), long[..n]);
    }
    let paths = sampler.paths(&KEY, 3 * STREAM + 1, &Interrupt::never()).unwrap();
    let ends = paths.offsets[1..].iter().map(|&end| paths.times[end as usize - 1]);
    assert!(ends.eq(long[..=3 * STREAM].iter().copied()));
    let mut rewards = vec![0.0; 2 * 10 * STREAM];
    let each: Vec<f64> = (0..graph.n_vertices()).flat_map(|_| [1.0, 2.0]).collect();
    sampler.rewards(&KEY, &each, &mut rewards, &Interrupt::never()).unwrap();
    assert!(rewards.chunks(2).zip(&long).all(|(row, &time)| row == [time, 2.0 * time]));
}

#[test]
fn a_walk_that_never_starts_stays_at_vertex_zero() {
    let graph = chain(&[(-1, 1, 0.25), (1, 0, 1.0)]);
    let sampler = Sampler::new(&graph, &[], Clock::Time).unwrap();
    let n = 4000;
    let mut vertices = vec![9; n];
    sampler.vertices(&KEY, &[f64::INFINITY], &mut vertices, &Interrupt::never()).unwrap();
    let never = vertices.iter().filter(|&&vertex| vertex == 0).count();
    assert_eq!(never, times(&sampler, n).iter().filter(|&&time| time == 0.0).count());
    // Five standard errors of 3/4.
    assert!((never as f64 / n as f64 - 0.75).abs() < 5.0 * (0.75 * 0.25 / n as f64).sqrt());
    assert!(vertices.iter().all(|&vertex| vertex == 0 || graph.is_absorbing(vertex as usize)));
}

#[test]
fn a_vertex_that_cannot_be_left_is_refused() {
    let mut builder = GraphBuilder::new(1);
    let [one, end] = [1, 0].map(|s| builder.find_or_create(VertexKind::Ordinary, &[s]).unwrap().0);
    builder.add_edge(VertexId::START, one, 1.0, &[]).unwrap();
    builder.add_edge(one, end, 0.0, &[1.0]).unwrap();
    let graph = builder.freeze().unwrap().graph;
    for clock in [Clock::Time, Clock::Steps] {
        let refused = Sampler::new(&graph, &[0.0], clock).unwrap_err();
        assert!(matches!(refused, Error::NeverAbsorbed { .. }), "{refused}");
        assert!(Sampler::new(&graph, &[0.5], clock).is_ok());
    }
    let refused = Sampler::new(&graph, &[1.5], Clock::Steps).unwrap_err();
    assert!(matches!(refused, Error::ExitProbability { sum: 1.5, .. }), "{refused}");
}

#[test]
fn bad_arguments_are_named() {
    let sampler = Sampler::new(&cycle(), &[], Clock::Time).unwrap();
    let (never, mut rows) = (Interrupt::never(), [0.0; 4]);
    let error = sampler.rewards(&KEY, &[1.0; 7], &mut rows, &never).unwrap_err();
    assert_eq!(error, Error::RewardLength { expected: 5, given: 7 });
    let error = sampler.rewards(&KEY, &[0., 1., f64::INFINITY, 0., 0.], &mut rows, &never);
    assert!(matches!(error, Err(Error::BadReward { index: 2, .. })));
    let error = sampler.vertices(&KEY, &[0.0, f64::NAN], &mut [0; 2], &never);
    assert!(matches!(error, Err(Error::BadValue { index: 1, .. })));
    assert!(sampler.vertices(&KEY, &[], &mut [0; 2], &never).is_err());
}

#[test]
fn an_endless_walk_is_interrupted() {
    // 1e18 jumps to absorption.
    let graph = chain(&[(-1, 1, 1.0), (1, 2, 1.0), (2, 1, 1.0), (2, 0, 1e-18)]);
    let sampler = Sampler::new(&graph, &[], Clock::Time).unwrap();
    let stop = || true;
    let error = sampler.times(&KEY, &mut [0.0], &Interrupt::when(&stop));
    assert_eq!(error, Err(Error::Interrupted));
    let error = sampler.paths(&KEY, 1, &Interrupt::when(&stop));
    assert_eq!(error.unwrap_err(), Error::Interrupted);
}
