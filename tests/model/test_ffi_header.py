"""The layouts in rust/phasic-xla/src/abi.rs against the C header that the installed jaxlib ships.

Sizes and offsets of the layouts are checked when they are compiled; here their fields, in order, and the
constants are compared with the header by name.
"""

import re
from pathlib import Path

import jax
import pytest

ABI = Path(__file__).parents[2] / "rust" / "phasic-xla" / "src" / "abi.rs"
HEADER = Path(jax.ffi.include_dir()) / "xla" / "ffi" / "api" / "c_api.h"

#: Rust's name: the header's.
STRUCTS = {
    "ExtensionBase": "Extension_Base",
    "ApiVersion": "Api_Version",
    "ErrorCreateArgs": "Error_Create_Args",
    "ErrorDestroyArgs": "Error_Destroy_Args",
    "Buffer": "Buffer",
    "ByteSpan": "ByteSpan",
    "Scalar": "Scalar",
    "Buffers": "Args",
    "Attrs": "Attrs",
    "CallFrame": "CallFrame",
    "ScheduleArgs": "ThreadPool_Schedule_Args",
    "NumThreadsArgs": "ThreadPool_NumThreads_Args",
    "Metadata": "Metadata",
    "MetadataExtension": "Metadata_Extension",
    "Api": "Api",
}
#: Fields that abi.rs calls otherwise, by struct.
OTHERWISE = {
    "ExtensionBase": {"type": "kind"},
    "Buffers": {"args": "entries"},
    "Attrs": {"attrs": "values"},
    "MetadataExtension": {"extension_base": "base"},
    "Api": {"TypeId_Register": "type_register"},  # never called
}
CONSTANTS = {
    "EXTENSION_METADATA": "Extension_Metadata",
    "STAGE_EXECUTE": "ExecutionStage_EXECUTE",
    "KIND_SCALAR": "AttrType_SCALAR",
    "PRED": "DataType_PRED",
    "S64": "DataType_S64",
    "U32": "DataType_U32",
    "F32": "DataType_F32",
    "F64": "DataType_F64",
}


@pytest.fixture(scope="module")
def header():
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", HEADER.read_text(), flags=re.S)


@pytest.fixture(scope="module")
def abi():
    return re.sub(r"//[^\n]*", "", ABI.read_text())


def c_fields(header, name):
    body = re.search(rf"struct XLA_FFI_{name} \{{(.*?)\n\}}[^;]*;", header, re.S)
    assert body is not None, f"the header has no XLA_FFI_{name}"
    fields = []
    for statement in filter(None, map(str.strip, body[1].split(";"))):
        function = re.fullmatch(r"_XLA_FFI_API_STRUCT_FIELD\(XLA_FFI_(\w+)\)", statement)
        fields.append(function[1] if function else re.search(r"(\w+)$", statement)[1])
    return fields


def rust_fields(abi, name):
    body = re.search(rf"pub struct {name} \{{(.*?)\n\}}", abi, re.S)
    assert body is not None, f"abi.rs has no {name}"
    return re.findall(r"pub (\w+):", body[1])


def plain(name):
    """Field names without the case and the underscores in which the two languages differ."""
    return name.replace("_", "").lower()


@pytest.mark.parametrize("name", STRUCTS)
def test_fields_stand_in_the_order_of_the_header(header, abi, name):
    ours, otherwise = rust_fields(abi, name), OTHERWISE.get(name, {})
    theirs = [otherwise.get(field, field) for field in c_fields(header, STRUCTS[name])]
    assert ours
    # Ours may end early, where the end differs between versions.
    assert [plain(each) for each in ours] == [plain(each) for each in theirs[: len(ours)]]


def test_results_have_the_layout_of_operands(header):
    results = ["args" if field == "rets" else field for field in c_fields(header, "Rets")]
    assert results == c_fields(header, "Args")


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_are_those_of_the_header(header, abi, name):
    ours = re.search(rf"pub const {name}: u32 = (\d+);", abi)
    theirs = re.search(rf"XLA_FFI_{CONSTANTS[name]} = (\d+)", header)
    assert ours[1] == theirs[1]


def test_buffers_are_of_one_kind_as_operands_and_results(header, abi):
    ours = re.search(r"pub const KIND_BUFFER: u32 = (\d+);", abi)[1]
    assert re.findall(r"XLA_FFI_(?:ArgType|RetType)_BUFFER = (\d+)", header) == [ours, ours]


def test_the_version_is_one_that_was_checked(header, abi):
    major = re.search(r"#define XLA_FFI_API_MAJOR (\d+)", header)[1]
    minor = re.search(r"#define XLA_FFI_API_MINOR (\d+)", header)[1]
    assert int(major) == int(re.search(r"API_MAJOR: i32 = (\d+)", abi)[1])
    assert int(minor) >= 1
