use super::{describe, enter, silence_handler_panics};
use crate::abi;
use crate::call::Call;
use crate::failure::{Code, Failure};
use crate::fake::{Data, FakeError, Frame, Runtime, Scalar, Temper, api_version};
use crate::float_env::tests::{flushing, half_of_denormal};
use crate::operand::Floats;
use std::ptr;

/// Multiplies its operand by attribute `factor` and adds half a denormal; panics for a factor of
/// 13.
fn scale(call: &mut Call<'_>) -> Result<(), Failure> {
    let Floats::F64(data) = call.operand(0, "x")?.floats()? else {
        return Err(Failure::invalid("`x`: expected float64"));
    };
    let factor = call.integer("factor")?;
    assert!(factor != 13, "thirteen");
    let half = half_of_denormal();
    call.write(0, "y", abi::dtype::F64, data.iter().map(|x| x * factor as f64 + half))
}

unsafe extern "C" fn scale_handler(frame: *mut abi::CallFrame) -> *mut abi::Error {
    // SAFETY: the tests pass valid frames.
    unsafe { enter(frame, scale) }
}

fn frame(factor: i64) -> Frame {
    let mut frame = Frame::new();
    frame.operands.push((vec![2], Data::F64(vec![1.5, 0.0])));
    frame.results.push((vec![2], Data::F64(vec![f64::NAN; 2])));
    frame.attributes.push(("factor".into(), Scalar::S64(factor)));
    frame
}

fn fails(mut frame: Frame, code: Code, text: &str) {
    let runtime = Runtime::new(3, Temper::Caller, 1);
    let FakeError { code: found, message } = frame.call(scale_handler, &runtime).expect_err(text);
    assert_eq!(found, code as u32, "{message}");
    assert!(message.contains(text), "{message}");
}

#[test]
fn a_call_writes_its_result_with_ieee_arithmetic() {
    let mut frame = frame(2);
    let runtime = Runtime::new(3, Temper::Caller, 1);
    flushing(|| frame.call(scale_handler, &runtime)).expect("a valid call");
    assert_eq!(frame.results[0].1, Data::F64(vec![3.0, 5e-311]));
}

#[test]
fn a_panic_becomes_an_internal_error() {
    silence_handler_panics();
    fails(frame(13), Code::Internal, "thirteen");
}

#[test]
fn other_stages_are_refused() {
    let mut frame = frame(2);
    frame.stage = 0;
    fails(frame, Code::InvalidArgument, "execute stage");
}

#[test]
fn a_missing_attribute_is_named() {
    let mut frame = frame(2);
    frame.attributes.clear();
    fails(frame, Code::InvalidArgument, "attribute `factor` is missing");
}

#[test]
fn an_attribute_of_the_wrong_type_is_named() {
    let mut frame = frame(2);
    frame.attributes[0].1 = Scalar::F64(2.0);
    fails(
        frame,
        Code::InvalidArgument,
        "attribute `factor`: expected a scalar of type int64, got float64",
    );
}

#[test]
fn a_missing_operand_is_named() {
    let mut frame = frame(2);
    frame.operands.clear();
    fails(frame, Code::InvalidArgument, "`x`: expected a buffer at position 0 of 0");
}

#[test]
fn an_operand_of_the_wrong_type_is_named() {
    let mut frame = frame(2);
    frame.operands[0].1 = Data::U32(vec![1, 2]);
    fails(frame, Code::InvalidArgument, "`x`: expected float32 or float64, got uint32");
}

#[test]
fn a_result_of_the_wrong_type_is_named() {
    let mut frame = frame(2);
    frame.results[0].1 = Data::F32(vec![0.0; 2]);
    fails(frame, Code::InvalidArgument, "`y`: expected float64, got float32");
}

#[test]
fn a_result_of_the_wrong_size_is_named() {
    let mut frame = frame(2);
    frame.results[0].0 = vec![1];
    fails(frame, Code::InvalidArgument, "result `y`: expected 2 elements, got shape [1]");
}

#[test]
fn impossible_shapes_are_refused() {
    for dims in [vec![-1], vec![i64::MAX, 3]] {
        let mut frame = frame(2);
        frame.operands[0].0 = dims;
        fails(frame, Code::InvalidArgument, "does not fit the address space");
    }
}

/// Asks for metadata as a runtime of this API minor does; minor 1 passes no API.
fn metadata(minor: i32) -> abi::Metadata2 {
    let runtime = Runtime::new(minor, Temper::Caller, 1);
    let base = abi::Metadata { struct_size: 36, api_version: api_version(-1), traits: u32::MAX };
    let mut metadata = abi::Metadata2 { base, state_type_id: -1 };
    let extension = |kind, next| abi::ExtensionBase { struct_size: 24, kind, next };
    let mut asked = abi::MetadataExtension {
        base: extension(abi::EXTENSION_METADATA, ptr::null_mut()),
        metadata: (&raw mut metadata).cast(),
    };
    let mut unknown = extension(99, (&raw mut asked).cast());
    // SAFETY: zeroes are a frame without API, operands, results and attributes.
    let mut frame: abi::CallFrame = unsafe { std::mem::zeroed() };
    frame.extension_start = &raw mut unknown;
    frame.api = if minor == 1 { ptr::null() } else { runtime.api() };
    // SAFETY: a metadata query as the runtime makes it.
    assert!(unsafe { describe(&raw mut frame) });
    // SAFETY: the same query.
    assert!(unsafe { scale_handler(&raw mut frame) }.is_null());
    metadata
}

#[test]
fn metadata_names_the_older_of_both_versions() {
    for (minor, reported) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
        let metadata = metadata(minor).base;
        assert_eq!(metadata.api_version.major_version, 0);
        assert_eq!(metadata.api_version.minor_version, reported);
        assert_eq!(metadata.traits, 0);
    }
}

#[test]
fn the_state_type_is_written_only_where_it_exists() {
    assert_eq!([1, 2, 3].map(|minor| metadata(minor).state_type_id), [-1, 0, 0]);
}
