//! Distinct rows of weights, interned: models have few, edges have many.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

const NONE: u32 = u32::MAX;

/// Rows `(base, coefficients)` in order of first appearance, each once.
///
/// A row has no coefficients (a constant) or as many as every other row that has some. Zeros lose
/// their sign; rows are the same if their bits are.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowTable {
    bases: Vec<f64>,
    /// Which chunk of `coefficients` a row owns, or `NONE`.
    chunks: Vec<u32>,
    coefficients: Vec<f64>,
    width: usize,
    slots: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl RowTable {
    pub fn len(&self) -> usize {
        self.bases.len()
    }

    pub fn base(&self, row: u32) -> f64 {
        self.bases[row as usize]
    }

    pub fn coefficients(&self, row: u32) -> &[f64] {
        chunk(&self.coefficients, self.chunks[row as usize], self.width)
    }

    /// The index of this row, if it is there. Expected cost: linear in its length.
    pub fn find(&self, base: f64, coefficients: &[f64]) -> Option<u32> {
        let hash = hash(&self.hasher, base, coefficients);
        self.slots.find(hash, |&row| self.holds(row, base, coefficients)).copied()
    }

    /// The index of this row, added if it is new. Expected cost: linear in its length.
    pub fn intern(&mut self, base: f64, coefficients: &[f64]) -> u32 {
        let hash = hash(&self.hasher, base, coefficients);
        let found = self.slots.find(hash, |&row| self.holds(row, base, coefficients));
        found.copied().unwrap_or_else(|| self.insert(hash, base, coefficients))
    }

    fn holds(&self, row: u32, base: f64, coefficients: &[f64]) -> bool {
        let own = self.coefficients(row);
        same(self.base(row), base)
            && own.len() == coefficients.len()
            && own.iter().zip(coefficients).all(|(&stored, &given)| same(stored, given))
    }

    fn insert(&mut self, hash: u64, base: f64, coefficients: &[f64]) -> u32 {
        let row = self.bases.len() as u32;
        self.bases.push(base + 0.0);
        if coefficients.is_empty() {
            self.chunks.push(NONE);
        } else {
            self.width = coefficients.len();
            self.chunks.push((self.coefficients.len() / self.width) as u32);
            self.coefficients.extend(coefficients.iter().map(|value| value + 0.0));
        }
        let Self { bases, chunks, coefficients, width, slots, hasher } = self;
        slots.insert_unique(hash, row, |&row| {
            let own = chunk(coefficients, chunks[row as usize], *width);
            self::hash(hasher, bases[row as usize], own)
        });
        row
    }
}

fn chunk(coefficients: &[f64], chunk: u32, width: usize) -> &[f64] {
    if chunk == NONE { &[] } else { &coefficients[chunk as usize * width..][..width] }
}

fn same(stored: f64, given: f64) -> bool {
    stored.to_bits() == (given + 0.0).to_bits()
}

fn hash(hasher: &DefaultHashBuilder, base: f64, coefficients: &[f64]) -> u64 {
    let mut stream = hasher.build_hasher();
    stream.write_u64((base + 0.0).to_bits());
    coefficients.iter().for_each(|value| stream.write_u64((value + 0.0).to_bits()));
    stream.finish()
}
