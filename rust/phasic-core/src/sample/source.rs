//! Random words and exponential numbers, from a key and the number of a stream.

use std::sync::LazyLock;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// 256 random bits that decide a whole sample.
pub type Key = [u8; 32];

/// A stream of random numbers.
pub(super) struct Source {
    generator: Xoshiro256PlusPlus,
    layers: &'static Layers,
}

impl Source {
    /// Its generator starts at the keyed BLAKE3 hash of its number, so that streams are unrelated and
    /// depend on nothing else.
    pub fn new(key: &Key, stream: usize) -> Self {
        let seed = blake3::keyed_hash(key, &(stream as u64).to_le_bytes());
        Self { generator: Xoshiro256PlusPlus::from_seed(*seed.as_bytes()), layers: &LAYERS }
    }

    /// 64 random bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Above 0 and at most 1, in steps of 2⁻⁵⁶.
    #[inline]
    fn fraction(bits: u64) -> f64 {
        ((bits >> 8) as f64 + 0.5) * (1.0 / (1_u64 << 56) as f64)
    }

    /// An exponential number of mean 1: positive, finite, and right however far in the tail.
    ///
    /// The ziggurat of Marsaglia & Tsang (2000): 256 layers of equal area under exp(−x). What lies
    /// beyond the last is that far plus another exponential number, since it has no memory.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        let word = self.word();
        let layer = (word & 0xff) as usize;
        let x = Self::fraction(word) * self.layers.ends[layer];
        if x < self.layers.ends[layer + 1] { x } else { self.beyond(layer, x) }
    }

    /// What to answer for a point that is not inside its layer for sure: about one in 90.
    #[cold]
    pub(super) fn beyond(&mut self, mut layer: usize, mut x: f64) -> f64 {
        let mut passed = 0.0;
        loop {
            let Layers { ends, heights } = self.layers;
            if x < ends[layer + 1] {
                return passed + x;
            }
            if layer == 0 {
                passed += TAIL;
            } else {
                let up = Self::fraction(self.word()) * (heights[layer + 1] - heights[layer]);
                if heights[layer] + up < (-x).exp() {
                    return passed + x;
                }
            }
            let word = self.word();
            layer = (word & 0xff) as usize;
            x = Self::fraction(word) * ends[layer];
        }
    }
}

/// Where the lowest layer's rectangle ends and the tail begins, for 256 layers.
pub(super) const TAIL: f64 = 7.697_117_470_131_05;

/// Layers of the ziggurat, the widest first: layer i spans `0..ends[i]` and is `heights[i]` to
/// `heights[i + 1]` high. Layer 0 is as wide as a rectangle of its area, tail included, would be.
pub(super) struct Layers {
    pub ends: [f64; 257],
    pub heights: [f64; 257],
}

static LAYERS: LazyLock<Layers> = LazyLock::new(Layers::new);

impl Layers {
    pub fn new() -> Self {
        let mut ends = [0.0; 257];
        (ends[0], ends[1]) = (TAIL + 1.0, TAIL);
        let area = ends[0] * (-TAIL).exp();
        for i in 1..255 {
            ends[i + 1] = -(area / ends[i] + (-ends[i]).exp()).ln();
        }
        Self { ends, heights: ends.map(|end| (-end).exp()) }
    }
}
