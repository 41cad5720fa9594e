//! Where a jump leads, in constant time: Walker's alias method, with the tables of Vose (1991).

use std::hint::select_unpredictable;

/// One of a vertex's equally likely slots: its own target below the threshold, else the alias.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    threshold: u64,
    own: u32,
    alias: u32,
}

impl Slot {
    /// The target for a fraction of 2⁶⁴.
    #[inline]
    pub fn target(self, fraction: u64) -> u32 {
        select_unpredictable(fraction < self.threshold, self.own, self.alias)
    }
}

/// Appends the slots of `(target, weight)` pairs of positive weight, one slot each.
///
/// Each probability is right to some 2⁻⁵³ absolutely. What rounding leaves over keeps its whole slot.
pub(super) fn fill(slots: &mut Vec<Slot>, weighted: impl Iterator<Item = (u32, f64)>) {
    let first = slots.len();
    let mut shares = Vec::new();
    for (own, weight) in weighted {
        slots.push(Slot { threshold: u64::MAX, own, alias: own });
        shares.push(weight);
    }
    let slots = &mut slots[first..];
    let largest = shares.iter().copied().fold(0.0, f64::max);
    let sum: f64 = shares.iter().map(|weight| weight / largest).sum();
    for share in &mut shares {
        *share *= slots.len() as f64 / largest / sum;
    }
    let (mut below, mut above): (Vec<usize>, Vec<usize>) =
        (0..shares.len()).partition(|&slot| shares[slot] < 1.0);
    while let (Some(small), Some(&large)) = (below.pop(), above.last()) {
        slots[small].threshold = (shares[small] * 2.0_f64.powi(64)) as u64;
        slots[small].alias = slots[large].own;
        shares[large] -= 1.0 - shares[small];
        if shares[large] < 1.0 {
            above.pop();
            below.push(large);
        }
    }
}

#[cfg(test)]
impl Slot {
    /// The probabilities that slots give to targets `0..n`.
    pub fn probabilities(slots: &[Self], n: usize) -> Vec<f64> {
        let mut sums = vec![0.0; n];
        for slot in slots {
            let own = slot.threshold as f64 / 2.0_f64.powi(64);
            sums[slot.own as usize] += own / slots.len() as f64;
            sums[slot.alias as usize] += (1.0 - own) / slots.len() as f64;
        }
        sums
    }
}
