use super::{NAME, handler};
use crate::failure::Code;
use crate::fake::{Data, Frame, Runtime, Scalar, Temper};
use crate::registry;
use phasic_core::{GraphBuilder, Trace, TraceKey, VertexId, VertexKind};
use std::sync::Arc;

/// Registers the exponential law of rate `base + θ₀ + 2 θ₁`, and returns its key.
fn exponential(base: f64) -> TraceKey {
    let mut builder = GraphBuilder::new(1);
    let mut vertex =
        |state| builder.find_or_create(VertexKind::Ordinary, &[state]).expect("valid").0;
    let (alive, dead) = (vertex(1), vertex(2));
    builder.add_edge(VertexId::START, alive, 1.0, &[]).expect("valid");
    builder.add_edge(alive, dead, base, &[1.0, 2.0]).expect("valid");
    let trace = Trace::record(&builder.freeze().expect("valid")).expect("valid");
    registry::insert(Arc::new(trace))
}

fn words(keys: &[TraceKey]) -> Data {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
    Data::U32(keys.iter().flat_map(|key| key.0.chunks_exact(4).map(word)).collect())
}

const THETA: [f64; 2] = [0.5, 0.25];
const VALUES: [f64; 3] = [0.1, 2.0, 7.0];
const WEIGHTS: [f64; 3] = [1.0, 3.0, 0.0];

fn expected(rate: f64) -> f64 {
    VALUES.iter().zip(WEIGHTS).map(|(time, weight)| weight * (rate.ln() - rate * time)).sum()
}

fn slope(rate: f64) -> f64 {
    VALUES.iter().zip(WEIGHTS).map(|(time, weight)| weight * (1.0 / rate - time)).sum()
}

/// One θ, value and gradient, double precision.
fn frame(key: TraceKey) -> Frame {
    let mut frame = Frame::new();
    frame.operands = vec![
        (vec![8], words(&[key])),
        (vec![2], Data::F64(THETA.to_vec())),
        (vec![3], Data::F64(VALUES.to_vec())),
        (vec![3], Data::F64(VALUES.to_vec())),
        (vec![3], Data::F64(WEIGHTS.to_vec())),
        (vec![0], Data::F64(vec![])),
    ];
    frame.results = vec![(vec![], nan(1)), (vec![2], nan(2))];
    frame.attributes = vec![
        ("discrete".into(), Scalar::S64(0)),
        ("order".into(), Scalar::S64(1)),
        ("tolerance".into(), Scalar::F64(1e-12)),
    ];
    frame
}

fn nan(len: usize) -> Data {
    Data::F64(vec![f64::NAN; len])
}

fn run(frame: &mut Frame) -> Vec<Vec<f64>> {
    frame.call(handler, &Runtime::new(3, Temper::Thread, 3)).expect("a valid call");
    let numbers = |(_, data): &(Vec<i64>, Data)| match data {
        Data::F64(data) => data.clone(),
        Data::F32(data) => data.iter().map(|&x| f64::from(x)).collect(),
        Data::U32(_) => unreachable!("results are floating point"),
    };
    frame.results.iter().map(numbers).collect()
}

fn close(given: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(given.len(), expected.len());
    for (given, expected) in given.iter().zip(expected) {
        assert!((given - expected).abs() <= tolerance * expected.abs(), "{given} {expected}");
    }
}

fn fails(mut frame: Frame, code: Code, texts: &[&str]) {
    let runtime = Runtime::new(3, Temper::Caller, 1);
    let error = frame.call(handler, &runtime).expect_err("an invalid call");
    assert_eq!(error.code, code as u32, "{}", error.message);
    for text in texts {
        assert!(error.message.contains(text), "{}", error.message);
    }
}

#[test]
fn the_target_is_listed() {
    let targets = crate::targets();
    assert!(targets.iter().any(|target| target.0 == NAME));
    assert!(targets.iter().all(|target| target.1 != 0));
}

#[test]
fn value_and_gradient_agree_with_the_formula() {
    let results = run(&mut frame(exponential(0.0)));
    close(&results[0], &[expected(1.0)], 1e-12);
    close(&results[1], &[slope(1.0), 2.0 * slope(1.0)], 1e-11);
}

#[test]
fn order_zero_returns_the_value_only() {
    let mut frame = frame(exponential(0.0));
    frame.attributes[1].1 = Scalar::S64(0);
    frame.results.pop();
    close(&run(&mut frame)[0], &[expected(1.0)], 1e-12);
}

#[test]
fn single_precision_rounds_only_the_result() {
    let mut frame = frame(exponential(0.0));
    // Exact in single precision, so that only the result is rounded.
    frame.operands[1].1 = Data::F32(vec![0.5, 0.25]);
    frame.results = vec![(vec![], Data::F32(vec![0.0])), (vec![2], Data::F32(vec![0.0; 2]))];
    let results = run(&mut frame);
    assert_eq!(results[0], [f64::from(expected(1.0) as f32)]);
}

#[test]
fn leading_dimensions_broadcast() {
    // Batch (2, 3): keys along the first dimension, θ along the second, data shared.
    let mut frame = frame(exponential(0.0));
    let thetas = [0.5, 0.25, 1.0, 0.5, 2.0, 1.0];
    frame.operands[0] = (vec![2, 1, 8], words(&[exponential(0.0), exponential(1.5)]));
    frame.operands[1] = (vec![1, 3, 2], Data::F64(thetas.to_vec()));
    frame.operands[2].0 = vec![1, 1, 3];
    frame.operands[3].0 = vec![1, 1, 3];
    frame.operands[5].0 = vec![1, 1, 0];
    frame.results = vec![(vec![2, 3], nan(6)), (vec![2, 3, 2], nan(12))];
    let results = run(&mut frame);
    let rates = [1.0, 2.0, 4.0, 2.5, 3.5, 5.5];
    close(&results[0], &rates.map(expected), 1e-12);
    let slopes: Vec<f64> =
        rates.iter().flat_map(|&rate| [slope(rate), 2.0 * slope(rate)]).collect();
    close(&results[1], &slopes, 1e-10);
}

#[test]
fn a_batch_of_any_size_equals_its_rows_bit_for_bit() {
    let key = exponential(0.0);
    let thetas: Vec<f64> = (0..600).map(|i| 0.1 + 0.003 * f64::from(i)).collect();
    let mut batch = frame(key);
    batch.operands[1] = (vec![300, 2], Data::F64(thetas.clone()));
    batch.results = vec![(vec![300], nan(300)), (vec![300, 2], nan(600))];
    let together = run(&mut batch);
    for (row, theta) in thetas.chunks_exact(2).enumerate() {
        let mut single = frame(key);
        single.operands[1].1 = Data::F64(theta.to_vec());
        let alone = run(&mut single);
        assert_eq!(alone[0][0].to_bits(), together[0][row].to_bits());
        assert_eq!(alone[1], together[1][2 * row..2 * row + 2]);
    }
}

#[test]
fn equal_neighbours_share_an_answer_and_no_others_do() {
    // Rows that differ from the one before in nothing, in θ, in the key, and in both.
    let (one, other) = (exponential(0.0), exponential(1.5));
    let rows = [(one, 0.5), (one, 0.5), (one, 1.0), (other, 1.0), (other, 1.0), (one, 0.5)];
    let mut batch = frame(one);
    batch.operands[0] = (vec![6, 8], words(&rows.map(|(key, _)| key)));
    let thetas = rows.iter().flat_map(|&(_, theta)| [theta, 0.25]).collect();
    batch.operands[1] = (vec![6, 2], Data::F64(thetas));
    batch.results = vec![(vec![6], nan(6)), (vec![6, 2], nan(12))];
    let together = run(&mut batch);
    for (row, &(key, theta)) in rows.iter().enumerate() {
        let mut single = frame(key);
        single.operands[1].1 = Data::F64(vec![theta, 0.25]);
        let alone = run(&mut single);
        assert_eq!(alone[0][0].to_bits(), together[0][row].to_bits());
        assert_eq!(alone[1], together[1][2 * row..2 * row + 2]);
    }
}

#[test]
fn an_empty_batch_asks_for_no_trace() {
    let mut frame = frame(TraceKey([7; 32]));
    frame.operands[1] = (vec![0, 2], nan(0));
    frame.results = vec![(vec![0], nan(0)), (vec![0, 2], nan(0))];
    assert_eq!(run(&mut frame), [vec![], vec![]]);
}

#[test]
fn bad_parameters_give_nan_or_minus_infinity() {
    for (theta, expected) in [(f64::NAN, f64::NAN), (-9.0, f64::NEG_INFINITY)] {
        let mut frame = frame(exponential(0.0));
        frame.operands[1].1 = Data::F64(vec![theta, 0.25]);
        let value = run(&mut frame)[0][0];
        assert!(value.to_bits() == expected.to_bits() || value.is_nan() && expected.is_nan());
    }
}

#[test]
fn rewards_of_one_equal_no_rewards() {
    let mut without = frame(exponential(0.0));
    without.attributes[0].1 = Scalar::S64(1);
    without.operands[1].1 = Data::F64(vec![0.25, 0.125]);
    without.operands[2].1 = Data::F64(vec![1.0, 1.0, 1.0]);
    without.operands[3].1 = Data::F64(vec![1.0, 1.0, 1.0]);
    let mut with = without.clone();
    with.operands[5] = (vec![3], Data::F64(vec![1.0; 3]));
    let (without, with) = (run(&mut without), run(&mut with));
    assert!(without[0][0].is_finite());
    assert_eq!(without, with);
}

#[test]
fn bounds_and_negative_weights_are_events_and_conditions() {
    // Seen: T > 0.5, T ≤ 1 and 2 < T ≤ 3, each only where T ≤ 4.
    let (lower, upper) = ([0.5, f64::NEG_INFINITY, 2.0, 0.0], [4.0, 1.0, 3.0, 4.0]);
    let weights = [1.0, 1.0, 1.0, -3.0];
    let mut frame = frame(exponential(0.0));
    for (operand, numbers) in frame.operands[2..5].iter_mut().zip([lower, upper, weights]) {
        *operand = (vec![4], Data::F64(numbers.to_vec()));
    }
    let results = run(&mut frame);
    let below = |t: f64| if t > 0.0 { -(-t).exp_m1() } else { 0.0 };
    let slope = |t: f64| if t > 0.0 { t * (-t).exp() } else { 0.0 };
    let rows = lower.iter().zip(upper).zip(weights);
    let (mut value, mut derivative) = (0.0, 0.0);
    for ((&lower, upper), weight) in rows {
        let p = below(upper) - below(lower);
        value += weight * p.ln();
        derivative += weight * (slope(upper) - slope(lower)) / p;
    }
    close(&results[0], &[value], 1e-11);
    close(&results[1], &[derivative, 2.0 * derivative], 1e-10);
}

#[test]
fn the_wrong_number_of_upper_bounds_is_named() {
    let mut frame = frame(exponential(0.0));
    frame.operands[3] = (vec![2], Data::F64(vec![1.0; 2]));
    fails(frame, Code::InvalidArgument, &["`upper`", "(3)", "got 2"]);
}

#[test]
fn bounds_out_of_order_are_named() {
    let mut frame = frame(exponential(0.0));
    frame.operands[3].1 = Data::F64(vec![0.1, 1.0, 7.0]);
    fails(frame, Code::InvalidArgument, &["upper[1] is 1", "at least the lower bound"]);
}

#[test]
fn a_missing_trace_is_named() {
    let key = TraceKey([0xAB; 32]);
    let hex = "ab".repeat(32);
    fails(frame(key), Code::NotFound, &[&hex, "graph.model()", "PHASIC_CACHE_DIR"]);
}

#[test]
fn the_wrong_number_of_parameters_is_named() {
    let mut frame = frame(exponential(0.0));
    frame.operands[1] = (vec![3], Data::F64(vec![1.0; 3]));
    frame.results[1] = (vec![3], nan(3));
    fails(frame, Code::InvalidArgument, &["`theta`", "expected 2", "got 3"]);
}

#[test]
fn the_wrong_number_of_rewards_is_named() {
    let mut frame = frame(exponential(0.0));
    frame.operands[5] = (vec![2], Data::F64(vec![1.0; 2]));
    fails(frame, Code::InvalidArgument, &["`rewards`", "expected 3", "got 2"]);
}

#[test]
fn the_wrong_number_of_weights_is_named() {
    let mut frame = frame(exponential(0.0));
    frame.operands[4] = (vec![2], Data::F64(vec![1.0; 2]));
    fails(frame, Code::InvalidArgument, &["`weights`", "(3)", "got 2"]);
}

#[test]
fn data_that_the_law_refuses_are_named() {
    let mut frame = frame(exponential(0.0));
    frame.operands[4].1 = Data::F64(vec![1.0, -1.0, 1.0]);
    fails(frame, Code::InvalidArgument, &["weights", "-1"]);
}

#[test]
fn keys_must_be_eight_words() {
    let mut short = frame(exponential(0.0));
    short.operands[0] = (vec![2], Data::U32(vec![0; 2]));
    fails(short, Code::InvalidArgument, &["`key`", "[2]"]);
    let mut floating = frame(exponential(0.0));
    floating.operands[0].1 = nan(8);
    fails(floating, Code::InvalidArgument, &["`key`", "uint32", "float64"]);
}

#[test]
fn leading_dimensions_that_do_not_fit_are_named() {
    let mut frame = frame(exponential(0.0));
    frame.operands[2] = (vec![4, 3], nan(12));
    fails(frame, Code::InvalidArgument, &["`lower`", "[4]"]);
}

#[test]
fn results_of_the_wrong_shape_or_type_are_refused() {
    let mut shape = frame(exponential(0.0));
    shape.results[1].0 = vec![1, 2];
    fails(shape, Code::InvalidArgument, &["`gradient`", "[2]", "[1, 2]"]);
    let mut kind = frame(exponential(0.0));
    kind.results[0].1 = Data::F32(vec![0.0]);
    fails(kind, Code::InvalidArgument, &["`log-likelihood`", "float64", "float32"]);
}

#[test]
fn unknown_orders_are_refused() {
    let mut frame = frame(exponential(0.0));
    frame.attributes[1].1 = Scalar::S64(3);
    fails(frame, Code::InvalidArgument, &["`order`", "got 3"]);
}

#[test]
fn the_registry_keeps_a_trace_until_it_is_removed() {
    let key = exponential(123.0);
    assert!(registry::contains(&key));
    let trace = registry::get(&key).expect("registered");
    assert_eq!(exponential(123.0), key);
    assert!(Arc::ptr_eq(&trace, &registry::get(&key).expect("registered")));
    assert!(registry::remove(&key).is_some());
    assert!(!registry::contains(&key) && registry::get(&key).is_none());
    assert!(registry::remove(&key).is_none());
    assert_eq!(trace.key(), key);
}

#[test]
fn the_hessian_agrees_with_the_formula() {
    let mut frame = frame(exponential(0.0));
    frame.results.push((vec![2, 2], nan(4)));
    frame.attributes[1].1 = Scalar::S64(2);
    let results = run(&mut frame);
    let bend: f64 = WEIGHTS.iter().map(|weight| -weight).sum();
    close(&results[0], &[expected(1.0)], 1e-12);
    close(&results[1], &[slope(1.0), 2.0 * slope(1.0)], 1e-12);
    close(&results[2], &[bend, 2.0 * bend, 2.0 * bend, 4.0 * bend], 1e-11);
}
