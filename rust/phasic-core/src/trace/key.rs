//! The content hash of a canonical graph: the name of its trace everywhere.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Graph};

/// Changes whenever the same graph may give another trace.
pub(super) const ALGORITHM: &str = "phasic/trace 1: components, amd 0.2.2";

/// BLAKE3-256 of the canonical graph and of the algorithm that eliminates it.
///
/// Equal for graphs that differ only in the order in which vertices and edges were created or in
/// the sign of zeros; different if a state, a base rate, a coefficient or the discrete
/// normalization differs. θ is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceKey(pub [u8; 32]);

impl TraceKey {
    /// The key of a graph.
    #[must_use]
    pub fn of(graph: &Graph) -> Self {
        let mut hash = Fields(blake3::Hasher::new());
        hash.words(ALGORITHM.as_bytes(), |byte| [byte]);
        hash.number(graph.state_length);
        hash.number(graph.n_parameters);
        hash.number(usize::from(graph.normalized));
        hash.words(&graph.kinds, |kind| [kind as u8]);
        hash.words(&graph.states, i32::to_le_bytes);
        hash.words(&graph.offsets, u32::to_le_bytes);
        hash.words(&graph.targets, u32::to_le_bytes);
        hash.words(&graph.rows, u32::to_le_bytes);
        hash.words(&graph.row_bases, f64::to_le_bytes);
        hash.words(&graph.row_coefficients, f64::to_le_bytes);
        Self(*hash.0.finalize().as_bytes())
    }
}

/// Bytes that are hashed at once: enough for the widest vector units, little enough for the cache.
const BLOCK: usize = 1 << 16;

/// A hasher whose every field is preceded by its length.
struct Fields(blake3::Hasher);

impl Fields {
    fn number(&mut self, value: usize) {
        self.0.update(&(value as u64).to_le_bytes());
    }

    fn words<T: Copy, const N: usize>(&mut self, words: &[T], to_bytes: impl Fn(T) -> [u8; N]) {
        self.number(words.len() * N);
        let mut bytes = Vec::with_capacity(BLOCK.min(words.len() * N));
        for block in words.chunks(BLOCK / N) {
            bytes.clear();
            bytes.extend(block.iter().flat_map(|&word| to_bytes(word)));
            self.0.update(&bytes);
        }
    }
}

impl fmt::Display for TraceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for TraceKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let reason = || format!("a key is 64 lower-case hexadecimal digits, not {text:?}");
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let digits: Option<Vec<u8>> = text.bytes().map(digit).collect();
        let digits = digits
            .filter(|digits| digits.len() == 64)
            .ok_or_else(|| Error::TraceFormat { reason: reason() })?;
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self(key))
    }
}
