//! The content hash of a canonical graph: the name of its trace everywhere.

use std::fmt;
use std::str::FromStr;

use crate::section::encoded;
use crate::{Error, Graph};

/// Changes whenever the same graph may give another trace. Part of every key and file.
pub(super) const ENGINE: &str = "phasic/trace 2: components, amd 0.2.2 or dissection";

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
        hash.bytes(ENGINE.as_bytes());
        hash.number(graph.state_length);
        hash.number(graph.n_parameters);
        hash.number(usize::from(graph.normalized));
        hash.bytes(&graph.kinds.iter().map(|&kind| kind as u8).collect::<Vec<_>>());
        hash.bytes(&encoded(&graph.states));
        hash.bytes(&encoded(&graph.offsets));
        hash.bytes(&encoded(&graph.targets));
        hash.bytes(&encoded(&graph.rows));
        hash.bytes(&encoded(&graph.row_bases));
        hash.bytes(&encoded(&graph.row_coefficients));
        Self(*hash.0.finalize().as_bytes())
    }
}

/// A hasher whose every array is preceded by its length in bytes.
struct Fields(blake3::Hasher);

impl Fields {
    fn number(&mut self, value: usize) {
        self.0.update(&(value as u64).to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.update(bytes);
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
