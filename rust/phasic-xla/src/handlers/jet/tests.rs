use std::sync::Arc;

use phasic_core::{GraphBuilder, Trace, TraceKey, VertexId, VertexKind};

use super::targets;
use crate::abi::Handler;
use crate::failure::Code;
use crate::fake::{Data, Frame, Runtime, Scalar, Temper};
use crate::registry;

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

fn handler(name: &str) -> Handler {
    targets().find(|(known, _)| *known == name).expect("a known function").1
}

fn nan(len: usize) -> Data {
    Data::F64(vec![f64::NAN; len])
}

/// Two moments of the laws of rates 1 + base at two θ, with all derivatives.
fn moments(base: f64) -> Frame {
    let mut frame = Frame::new();
    frame.operands = vec![
        (vec![1, 8], words(&[exponential(base)])),
        (vec![2, 2], Data::F64(vec![0.5, 0.25, 2.0, 1.0])),
        (vec![1, 0], Data::F64(vec![])),
        (vec![1, 0], Data::F64(vec![])),
    ];
    frame.results =
        vec![(vec![2, 2], nan(4)), (vec![2, 2, 2], nan(8)), (vec![2, 2, 2, 2], nan(16))];
    frame.attributes = vec![
        ("power".into(), Scalar::S64(2)),
        ("tolerance".into(), Scalar::F64(1e-10)),
        ("wanted".into(), Scalar::S64(3)),
    ];
    frame
}

fn run(frame: &mut Frame, name: &str) -> Vec<Vec<f64>> {
    frame.call(handler(name), &Runtime::new(3, Temper::Thread, 3)).expect("a valid call");
    let numbers = |(_, data): &(Vec<i64>, Data)| match data {
        Data::F64(data) => data.clone(),
        Data::F32(data) => data.iter().map(|&x| f64::from(x)).collect(),
        Data::U32(_) => unreachable!("results are floating point"),
    };
    frame.results.iter().map(numbers).collect()
}

fn close(given: &[f64], expected: &[f64]) {
    assert_eq!(given.len(), expected.len());
    for (given, expected) in given.iter().zip(expected) {
        assert!((given - expected).abs() <= 1e-13 * expected.abs(), "{given} {expected}");
    }
}

#[test]
fn moments_and_their_derivatives_of_a_batch() {
    let results = run(&mut moments(0.0), "phasic_moments_v1");
    let mut expected = [vec![], vec![], vec![]];
    for rate in [1.0_f64, 4.0] {
        // E[T] = 1/q and E[T²] = 2/q², q = θ₀ + 2 θ₁.
        expected[0].extend([1.0 / rate, 2.0 / rate.powi(2)]);
        for slope in [-rate.powi(-2), -4.0 * rate.powi(-3)] {
            expected[1].extend([slope, 2.0 * slope]);
        }
        for bend in [2.0 * rate.powi(-3), 12.0 * rate.powi(-4)] {
            expected[2].extend([bend, 2.0 * bend, 2.0 * bend, 4.0 * bend]);
        }
    }
    for (given, expected) in results.iter().zip(&expected) {
        close(given, expected);
    }
}

#[test]
fn a_negative_rate_is_nan_in_its_own_row_only() {
    let mut frame = moments(0.0);
    frame.operands[1].1 = Data::F64(vec![-0.5, -0.25, 2.0, 1.0]);
    let results = run(&mut frame, "phasic_moments_v1");
    for result in results {
        let (bad, good) = result.split_at(result.len() / 2);
        assert!(bad.iter().all(|number| number.is_nan()));
        assert!(good.iter().all(|number| number.is_finite()));
    }
}

#[test]
fn points_are_variables() {
    let mut frame = moments(0.0);
    frame.operands[1] = (vec![1, 2], Data::F64(vec![0.5, 0.25]));
    frame.operands[2] = (vec![1, 2], Data::F64(vec![0.5, 3.0]));
    frame.results = vec![(vec![1, 2], nan(2)), (vec![1, 2, 3], nan(6))];
    frame.attributes[2].1 = Scalar::S64(1);
    let results = run(&mut frame, "phasic_laplace_v1");
    // 1/(1 + s): −∂/∂s and ∂/∂q agree up to what s adds.
    close(&results[0], &[1.0 / 1.5, 0.25]);
    let expected = |s: f64| {
        let (in_q, in_s) = (s / (1.0 + s).powi(2), -(1.0 + s).powi(-2));
        [in_q, 2.0 * in_q, in_s]
    };
    close(&results[1], &[expected(0.5), expected(3.0)].concat());
}

#[test]
fn wrong_shapes_are_refused() {
    let fails = |change: &dyn Fn(&mut Frame), text: &str| {
        let mut frame = moments(0.0);
        change(&mut frame);
        let runtime = Runtime::new(3, Temper::Caller, 1);
        let error = frame.call(handler("phasic_moments_v1"), &runtime).expect_err("invalid");
        assert_eq!(error.code, Code::InvalidArgument as u32);
        assert!(error.message.contains(text), "{}", error.message);
    };
    fails(&|frame| frame.operands[3] = (vec![1, 2], nan(2)), "rewards");
    let longer = |frame: &mut Frame| {
        frame.operands[1] = (vec![2, 3], nan(6));
        frame.results = vec![(vec![2, 2], nan(4))];
        frame.attributes[2].1 = Scalar::S64(0);
    };
    fails(&longer, "theta");
    fails(&|frame| frame.results[1] = (vec![2, 2, 3], nan(12)), "derivatives");
    fails(&|frame| frame.results[2] = (vec![2, 2, 2], nan(8)), "further");
    fails(&|frame| frame.attributes[2].1 = Scalar::S64(4), "wanted");
    fails(&|frame| frame.attributes[0].1 = Scalar::S64(-1), "power");
    fails(&|frame| frame.attributes[0].1 = Scalar::S64(3), "results of");
}
