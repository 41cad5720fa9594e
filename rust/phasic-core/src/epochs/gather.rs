//! Jumps of the uniformized chain by where they lead, so that threads can share them.

use rayon::prelude::*;

use crate::dist::Chain;

/// Positions that a thread takes at a time.
const CHUNK: usize = 1 << 12;
/// Jumps from which on threads pay.
const MANY: usize = 1 << 17;

/// The matrix P of a [`Chain`], column by column.
pub(super) struct Gather {
    offsets: Vec<u32>,
    sources: Vec<u32>,
    jumps: Vec<f64>,
    /// Per position: the probability of staying, and what it lacks as a double. Without that second
    /// part every jump would lose the same rounding error of all mass again.
    stays: Vec<(f64, f64)>,
}

impl Gather {
    pub fn new(chain: &Chain) -> Self {
        let (n, targets) = (chain.n(), &chain.pattern.targets);
        let mut offsets = vec![0_u32; n + 1];
        targets.iter().for_each(|&target| offsets[target as usize + 1] += 1);
        for position in 0..n {
            offsets[position + 1] += offsets[position];
        }
        let mut free = offsets.clone();
        let (mut sources, mut jumps) = (vec![0; targets.len()], vec![0.0; targets.len()]);
        let mut stays = Vec::with_capacity(n);
        for position in 0..n {
            let mut stay = less((1.0, 0.0), chain.leaks[position]);
            for entry in chain.pattern.range(position) {
                let slot = &mut free[targets[entry] as usize];
                sources[*slot as usize] = position as u32;
                jumps[*slot as usize] = chain.jumps[entry];
                *slot += 1;
                stay = less(stay, chain.jumps[entry]);
            }
            stays.push(stay);
        }
        Self { offsets, sources, jumps, stays }
    }

    /// `next = v P`, in the same order of additions at any number of threads. Returns the mass.
    pub fn jump(&self, v: &[f64], next: &mut [f64]) -> f64 {
        let fill = |(first, chunk): (usize, &mut [f64])| {
            for (position, value) in (first * CHUNK..).zip(chunk) {
                *value = self.arrived(v, position);
            }
        };
        if self.jumps.len() < MANY {
            next.chunks_mut(CHUNK).enumerate().for_each(fill);
        } else {
            next.par_chunks_mut(CHUNK).enumerate().for_each(fill);
        }
        next.iter().sum()
    }

    fn arrived(&self, v: &[f64], position: usize) -> f64 {
        let range = self.offsets[position] as usize..self.offsets[position + 1] as usize;
        let (stay, rest) = self.stays[position];
        let mut sum = v[position] * stay + v[position] * rest;
        for (&source, jump) in self.sources[range.clone()].iter().zip(&self.jumps[range]) {
            sum += v[source as usize] * jump;
        }
        sum
    }
}

/// A sum of two doubles less a number (Knuth's two-sum).
fn less((high, low): (f64, f64), number: f64) -> (f64, f64) {
    let sum = high - number;
    let back = sum - high;
    let error = (high - (sum - back)) + (-number - back);
    let low = low + error;
    let result = sum + low;
    (result, low - (result - sum))
}
