//! Any sections under a right seal: an error, or a trace with the numbers of its graph.
//!
//! The input is the number of elements of each section as u16, then the sections without gaps. What
//! is missing at the end is zero.
#![no_main]

#[allow(dead_code, reason = "shared with the tests of phasic-core")]
#[path = "../../rust/phasic-core/tests/forge/mod.rs"]
mod forge;

use forge::{ELEMENTS, Forgery, N_SECTIONS};
use libfuzzer_sys::fuzz_target;
use phasic_core::Trace;
use std::sync::LazyLock;

static ENGINE: LazyLock<[u8; 64]> = LazyLock::new(forge::engine);

fuzz_target!(|bytes: &[u8]| {
    let Some((counts, mut rest)) = bytes.split_at_checked(2 * N_SECTIONS) else { return };
    let mut sections = Vec::new();
    for (count, element) in counts.chunks_exact(2).zip(ELEMENTS) {
        let length = usize::from(u16::from_le_bytes([count[0], count[1]])) * element;
        if length > 1 << 14 {
            return;
        }
        let (here, after) = rest.split_at(length.min(rest.len()));
        let mut section = here.to_vec();
        section.resize(length, 0);
        sections.push(section);
        rest = after;
    }
    let forgery = Forgery { engine: *ENGINE, sections };
    if let Ok(trace) = Trace::from_owner(forgery.seal()) {
        forge::evaluate(&trace);
    }
});
