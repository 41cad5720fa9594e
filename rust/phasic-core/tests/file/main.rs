//! Trace files under attack: every file that is not right is an error with a reason.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[allow(dead_code, reason = "shared with the fuzz targets")]
#[path = "../forge/mod.rs"]
mod forge;

mod damage;
mod forged;
mod header;
mod laws;

use phasic_benches::{demes, freeze, kingman, rabbits, reset_chain, tandem};
use phasic_core::{Error, GraphBuilder, Trace};

/// A chain of 15 vertices: three components of 5, 4 and 3 states, two absorbing states.
fn sample() -> Vec<u8> {
    bytes(&demes(&[2, 2]))
}

/// Traces of every shape: acyclic, one component, several, with and without parameters.
fn samples() -> Vec<Vec<u8>> {
    let graphs =
        [kingman(4), rabbits(3), demes(&[2, 2]), reset_chain(5), tandem(3), reset_chain(1)];
    graphs.iter().map(bytes).collect()
}

fn bytes(graph: &GraphBuilder) -> Vec<u8> {
    Trace::record(&freeze(graph)).unwrap().to_bytes()
}

/// Asserts that a file is refused, by both ways of reading, with a reason that contains this.
fn refused(file: &[u8], reason: &str) {
    for read in [Trace::from_bytes(file), Trace::from_owner(file.to_vec())] {
        match read {
            Err(Error::TraceFormat { reason: given }) if given.contains(reason) => {}
            Err(error) => panic!("{error}, instead of: {reason}"),
            Ok(_) => panic!("accepted, although {reason}"),
        }
    }
}

/// Numbers without a seed to forget (Steele, Lea & Flood 2014, `SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}
