//! What a factorization would cost, and how much it may.

use super::counts::Symmetric;
use super::pattern::Pattern;
use crate::Error;

/// The predicted cost of one elimination: upper bounds, equal to the true cost where every edge
/// inside a component has its reverse.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Entries of the factors beside the diagonal.
    pub entries: f64,
    /// Multiply-adds of one numeric elimination.
    pub multiply_adds: f64,
    /// Memory of trace and factor: 4 bytes of index and 8 of value per entry, 28 per vertex.
    pub bytes: f64,
}

/// How large a factorization may become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Multiply-adds of one numeric elimination.
    pub multiply_adds: f64,
    /// Bytes of trace and factor.
    pub bytes: usize,
}

impl Default for Limits {
    /// 1e11 multiply-adds, a minute or two on one core, and 8 GiB.
    fn default() -> Self {
        Self { multiply_adds: 1e11, bytes: 8 << 30 }
    }
}

impl Cost {
    /// Errors: [`Error::TooLargeToFactor`] if a limit is exceeded.
    pub fn check(&self, limits: &Limits) -> Result<(), Error> {
        if self.multiply_adds <= limits.multiply_adds && self.bytes <= limits.bytes as f64 {
            return Ok(());
        }
        Err(Error::TooLargeToFactor {
            multiply_adds: self.multiply_adds,
            bytes: self.bytes,
            limit_multiply_adds: limits.multiply_adds,
            limit_bytes: limits.bytes,
        })
    }

    /// Of eliminating a component in an order. Cost: O(edges · α).
    pub(crate) fn of(pattern: &Pattern, order: &[u32]) -> Self {
        Self::of_columns(&Symmetric::new(pattern, order).counts())
    }

    /// Of a component of one vertex.
    pub(super) fn of_one() -> Self {
        Self::of_columns(&[0])
    }

    /// From the sizes of the columns of a symmetric factor.
    fn of_columns(counts: &[u64]) -> Self {
        let entries = 2.0 * counts.iter().map(|&count| count as f64).sum::<f64>();
        let multiply_adds = counts.iter().map(|&count| (count as f64).powi(2)).sum();
        Self { entries, multiply_adds, bytes: 12.0 * entries + 28.0 * counts.len() as f64 }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.multiply_adds += other.multiply_adds;
        self.bytes += other.bytes;
    }
}
