//! What a user waits for: record, evaluate, differentiate, likelihood.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use phasic_benches::{demes, explore, freeze, kingman, kingman_blocks, rabbits, tandem};
use phasic_core::{
    Batch, Clock, Frozen, GraphBuilder, Interrupt, Key, Law, LogLikelihood, Moments, Sampler, Trace,
};

/// Named models in three sizes, with a θ.
fn models() -> Vec<(String, Frozen, Vec<f64>)> {
    let named = |name: &str, graph: GraphBuilder, theta: &[f64]| {
        (name.to_owned(), freeze(&graph), theta.to_vec())
    };
    let mut models = Vec::new();
    for n in [10, 60, 150] {
        models.push(named(&format!("rabbits {n}"), rabbits(n), &[1.0, 2.0, 4.0]));
    }
    for n in [10, 20, 30] {
        models.push(named(&format!("coalescent blocks {n}"), kingman_blocks(n), &[1.0]));
    }
    for n in [10, 20, 30] {
        models.push(named(&format!("3 demes x {n}"), demes(&[n, 0, 0]), &[1.0, 0.5]));
    }
    for k in [10, 30, 60] {
        models.push(named(&format!("tandem {k}"), tandem(k), &[1.0, 1.5, 1.3]));
    }
    models
}

/// A walk on a 40 × 40 torus that ends anywhere, its rates shared out over `p` parameters.
fn torus(p: usize) -> GraphBuilder {
    let rule = |state: &[i32]| {
        let &[i, j] = state else { return Vec::new() };
        if i < 0 {
            return Vec::new();
        }
        let targets = [[-1, -1], [(i + 1) % 40, j], [i, (j + 1) % 40], [(i + 39) % 40, j]];
        let moved = targets.iter().enumerate().map(|(k, target)| {
            let mut coefficients = vec![0.0; p];
            coefficients[(4 * (40 * i + j) as usize + k) % p] = if k == 0 { 0.1 } else { 1.0 };
            (target.to_vec(), 0.0, coefficients)
        });
        moved.collect()
    };
    explore(&[0, 0], rule).expect("the rule gives valid edges")
}

/// One parameter or a hundred: the gradient costs the same.
fn parameters(c: &mut Criterion) {
    let mut group = c.benchmark_group("gradient in many parameters");
    group.sample_size(20);
    for p in [1, 100] {
        let trace = Trace::record(&freeze(&torus(p))).expect("a model that can be recorded");
        let theta: Vec<f64> = (0..p).map(|k| 1.0 + k as f64 / 100.0).collect();
        group.bench_function(BenchmarkId::new("value", p), |b| {
            b.iter(|| Moments::new(&trace, black_box(&theta)).and_then(|at| at.expectation(None)));
        });
        group.bench_function(BenchmarkId::new("value and gradient", p), |b| {
            b.iter(|| {
                Moments::new(&trace, black_box(&theta)).and_then(|at| at.expectation_gradient(None))
            });
        });
    }
}

fn record(c: &mut Criterion) {
    let mut group = c.benchmark_group("record");
    group.sample_size(10);
    for (name, frozen, _) in models() {
        group.bench_function(BenchmarkId::from_parameter(&name), |b| {
            b.iter(|| Trace::record(black_box(&frozen)));
        });
    }
}

fn evaluate(c: &mut Criterion) {
    let mut group = c.benchmark_group("expectation");
    group.sample_size(20);
    for (name, frozen, theta) in models() {
        let trace = Trace::record(&frozen).expect("named models can be recorded");
        group.bench_function(BenchmarkId::new("value", &name), |b| {
            b.iter(|| Moments::new(&trace, black_box(&theta)).and_then(|at| at.expectation(None)));
        });
        group.bench_function(BenchmarkId::new("value and gradient", &name), |b| {
            b.iter(|| {
                Moments::new(&trace, black_box(&theta)).and_then(|at| at.expectation_gradient(None))
            });
        });
        let thetas: Vec<f64> =
            (1..=100).flat_map(|k| theta.iter().map(move |t| t * f64::from(k))).collect();
        let batch = Batch::new(&trace, &thetas).expect("100 vectors of the right length");
        group.bench_function(BenchmarkId::new("100 values", &name), |b| {
            b.iter(|| black_box(&batch).expectations(None));
        });
        group.bench_function(BenchmarkId::new("100 values and gradients", &name), |b| {
            b.iter(|| black_box(&batch).expectation_gradients(None));
        });
    }
}

fn likelihood(c: &mut Criterion) {
    let mut group = c.benchmark_group("log-likelihood of 1000 times");
    group.sample_size(10);
    for n in [5, 10, 15] {
        let trace = Trace::record(&freeze(&kingman_blocks(n))).expect("an acyclic model");
        let times: Vec<f64> = (1..=1000).map(|i| 4e-3 * f64::from(i)).collect();
        let weights = vec![1.0; times.len()];
        let data = LogLikelihood::new(&trace, Law::Continuous, &times, &weights, &[], 1e-10)
            .expect("positive times");
        group.bench_function(BenchmarkId::new("value", n), |b| {
            b.iter(|| data.value(black_box(&[1.0])));
        });
        let mut gradient = [0.0];
        group.bench_function(BenchmarkId::new("value and gradient", n), |b| {
            b.iter(|| data.value_and_gradient(black_box(&[1.0]), &mut gradient));
        });
    }
}

/// `numpy.random.default_rng(1).bytes(32)`: the draws of `graph.sample(1000, seed=1)`.
const SEED_1: Key = [
    255, 228, 34, 121, 243, 189, 6, 131, 102, 168, 82, 193, 187, 150, 81, 243, 205, 24, 236, 8,
    246, 164, 231, 36, 210, 111, 172, 210, 174, 176, 218, 242,
];

/// What a fit asks for at every step: 100 θ, 1,000 times drawn at θ = 1, the coalescent of 10, on all
/// cores. The same data and θ as in `benches/python/jax_models.py`.
fn particles(c: &mut Criterion) {
    let frozen = freeze(&kingman(10));
    let sampler = Sampler::new(&frozen.graph, &[1.0], Clock::Time).expect("a positive rate");
    let mut times = vec![0.0; 1000];
    sampler.times(&SEED_1, &mut times, &Interrupt::never()).expect("nothing interrupts");
    let trace = Trace::record(&frozen).expect("an acyclic model");
    let weights = vec![1.0; times.len()];
    let thetas: Vec<f64> = (0..100).map(|k| 0.5 + 1.5 * f64::from(k) / 99.0).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = c.benchmark_group("particles");
    let mut found = vec![[0.0; 2]; thetas.len()];
    group.bench_function("value and gradient", |b| {
        b.iter(|| {
            // The data are prepared in every call, as in a compiled function that is given them.
            let data = LogLikelihood::new(&trace, Law::Continuous, &times, &weights, &[], 1e-12)
                .expect("positive times");
            let share = thetas.len().div_ceil(cores);
            std::thread::scope(|scope| {
                for (thetas, found) in thetas.chunks(share).zip(found.chunks_mut(share)) {
                    let data = &data;
                    scope.spawn(move || {
                        for (theta, [value, slope]) in thetas.iter().zip(found) {
                            *value = data.value_and_gradient(
                                black_box(&[*theta]),
                                std::slice::from_mut(slope),
                            );
                        }
                    });
                }
            });
            black_box(&found).len()
        });
    });
}

criterion_group!(benches, record, evaluate, parameters, likelihood, particles);
criterion_main!(benches);
