//! Jumps along diagonals: patterns in which most positions jump by the same few distances.
//!
//! Coalescents, birth–death chains and queues in a row have one to three of them. Their jumps are then
//! loops over neighbours in memory (the diagonal format of Saad 2003, "Iterative Methods for Sparse Linear
//! Systems", section 3.4).

use std::ops::Range;

/// A pattern is banded if its diagonals have at most so many times as many places as it has entries.
const FILL: usize = 2;

/// The diagonals of a pattern; each has a place for every position that the jump starts from.
#[derive(Debug)]
pub(super) struct Bands {
    n: usize,
    /// How far each leads, in ascending order.
    shifts: Vec<isize>,
    /// The place of each entry of the pattern: diagonal by diagonal, position by position.
    pub places: Vec<u32>,
}

impl Bands {
    /// None where diagonals would be mostly empty. `entries`: source and target of each.
    pub fn new(n: usize, entries: &[(u32, u32)]) -> Option<Self> {
        let shift = |&(source, target): &(u32, u32)| target as isize - source as isize;
        let mut shifts: Vec<isize> = entries.iter().map(shift).collect();
        shifts.sort_unstable();
        shifts.dedup();
        if entries.is_empty() || shifts.len() * n > FILL * entries.len() {
            return None;
        }
        let place = |entry: &(u32, u32)| {
            let band = shifts.partition_point(|&each| each < shift(entry));
            band as u32 * n as u32 + entry.0
        };
        let places = entries.iter().map(place).collect();
        Some(Self { n, shifts, places })
    }

    /// Numbers of entries at their places, parallel ones summed, with zeros at the others.
    pub fn spread(&self, entries: &[f64]) -> Vec<f64> {
        let mut spread = vec![0.0; self.shifts.len() * self.n];
        for (&place, &number) in self.places.iter().zip(entries) {
            spread[place as usize] += number;
        }
        spread
    }

    /// Per diagonal its places, and the positions that its jumps start from and lead to.
    fn each(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>, Range<usize>)> {
        let n = self.n;
        self.shifts.iter().enumerate().map(move |(band, &shift)| {
            let (back, ahead) = ((-shift).max(0) as usize, shift.max(0) as usize);
            (band * n + back..(band + 1) * n - ahead, back..n - ahead, ahead..n - back)
        })
    }

    /// `next += v J` less what leaves: the very numbers that arrive elsewhere.
    pub fn jump(&self, jumps: &[f64], v: &[f64], next: &mut [f64]) {
        for (places, from, to) in self.each() {
            let (jumps, v) = (&jumps[places], &v[from.clone()]);
            move_along(jumps, v, &mut next[from], |here, moved| here - moved);
            move_along(jumps, v, &mut next[to], |here, moved| here + moved);
        }
    }

    /// Adds the change of y by the jumps, and per place `Σ v · (y of the target − y of the source)`.
    pub fn back(&self, jumps: &[f64], v: &[f64], y: &[f64], next: &mut [f64], sums: &mut [f64]) {
        for (places, from, to) in self.each() {
            let ends = (&y[from.clone()], &y[to]);
            gain(
                &jumps[places.clone()],
                &v[from.clone()],
                ends,
                &mut next[from],
                &mut sums[places],
            );
        }
    }
}

#[inline]
fn move_along(jumps: &[f64], v: &[f64], next: &mut [f64], apply: impl Fn(f64, f64) -> f64) {
    for ((here, mass), jump) in next.iter_mut().zip(v).zip(jumps) {
        *here = apply(*here, mass * jump);
    }
}

#[inline]
fn gain(jumps: &[f64], v: &[f64], y: (&[f64], &[f64]), next: &mut [f64], sums: &mut [f64]) {
    let n = next.len();
    let (jumps, v, from, to, sums) = (&jumps[..n], &v[..n], &y.0[..n], &y.1[..n], &mut sums[..n]);
    for i in 0..n {
        let gain = to[i] - from[i];
        next[i] += jumps[i] * gain;
        sums[i] += v[i] * gain;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Diagonals −1, 1 and 2 of six positions.
    const ENTRIES: [(u32, u32); 9] =
        [(0, 1), (0, 2), (1, 0), (1, 2), (2, 1), (2, 3), (3, 4), (4, 5), (5, 4)];

    #[test]
    fn jumps_are_those_of_the_entries() {
        let bands = Bands::new(6, &ENTRIES).expect("three diagonals");
        let rates: Vec<f64> = (1..=9).map(|i| 0.03 * f64::from(i)).collect();
        let v: Vec<f64> = (1..=6).map(|i| 1.0 / f64::from(i)).collect();
        let y: Vec<f64> = (0..6).map(|i| f64::from(i * i)).collect();
        let jumps = bands.spread(&rates);
        let (mut next, mut before) = (v.clone(), y.clone());
        let mut sums = vec![0.0; jumps.len()];
        bands.jump(&jumps, &v, &mut next);
        bands.back(&jumps, &v, &y, &mut before, &mut sums);
        let (mut there, mut back) = (v.clone(), y.clone());
        for ((&(from, to), rate), &place) in ENTRIES.iter().zip(&rates).zip(&bands.places) {
            let (from, to) = (from as usize, to as usize);
            there[from] -= v[from] * rate;
            there[to] += v[from] * rate;
            back[from] += rate * (y[to] - y[from]);
            assert_eq!(sums[place as usize], v[from] * (y[to] - y[from]));
        }
        for (given, expected) in next.iter().zip(there).chain(before.iter().zip(back)) {
            // Three roundings in another order, of numbers up to 25.
            assert!((given - expected).abs() < 1e-14, "{given} {expected}");
        }
    }

    #[test]
    fn parallel_entries_are_summed() {
        let bands = Bands::new(2, &[(0, 1), (0, 1)]).expect("one diagonal");
        assert_eq!(bands.spread(&[0.25, 0.5]), [0.75, 0.0]);
    }

    #[test]
    fn patterns_without_diagonals_are_left_alone() {
        assert!(Bands::new(5, &[(0, 4), (1, 2), (2, 0), (4, 3)]).is_none());
        assert!(Bands::new(1, &[]).is_none());
    }
}
