//! Any bytes, with and without the right length, engine and checksums: an error or a trace, never a panic.
#![no_main]

#[allow(dead_code, reason = "shared with the tests of phasic-core")]
#[path = "../../rust/phasic-core/tests/forge/mod.rs"]
mod forge;

use libfuzzer_sys::fuzz_target;
use phasic_core::Trace;
use std::sync::LazyLock;

static ENGINE: LazyLock<[u8; 64]> = LazyLock::new(forge::engine);

fuzz_target!(|bytes: &[u8]| {
    let _ = Trace::from_bytes(bytes);
    if bytes.len() >= forge::HEADER {
        let mut sealed = bytes.to_vec();
        let length = sealed.len() as u64;
        sealed[24..32].copy_from_slice(&length.to_le_bytes());
        sealed[96..160].copy_from_slice(&*ENGINE);
        forge::reseal(&mut sealed);
        let _ = Trace::from_owner(sealed);
    }
});
