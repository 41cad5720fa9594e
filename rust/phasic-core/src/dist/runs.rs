//! Poisson probabilities in runs of eight neighbours, each from the run beside it.
//!
//! `Pois(k + 8; mean) = Pois(k; mean) · mean⁸ / ((k + 1) ⋯ (k + 8))`: eight independent recurrences that
//! a core carries side by side, in plain doubles.

use super::poisson;

/// Neighbours in a run.
pub(super) const LENGTH: usize = 8;
pub(super) type Run = [f64; LENGTH];

/// Numbers for k = 0, 1, …, with zeros before them, so that a run may begin at −8.
#[derive(Debug)]
pub(super) struct Series(Vec<f64>);

impl Series {
    /// That many numbers, all of them zero.
    pub fn zeros(length: usize) -> Self {
        Self(vec![0.0; LENGTH + length])
    }

    pub fn len(&self) -> usize {
        self.0.len() - LENGTH
    }

    /// Makes room for that many more.
    pub fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    pub fn push(&mut self, number: f64) {
        self.0.push(number);
    }

    /// The number at k.
    pub fn at(&self, k: usize) -> f64 {
        self.0[LENGTH + k]
    }

    /// The last number, 0 if there is none.
    pub fn last(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    /// All numbers from k = 0 on.
    pub fn numbers_mut(&mut self) -> &mut [f64] {
        &mut self.0[LENGTH..]
    }

    /// The numbers at k, …, k + 7.
    #[inline]
    pub fn run(&self, k: isize) -> &Run {
        self.0[start(k)..].first_chunk().expect("the series reaches as far as the run")
    }

    #[inline]
    fn run_mut(&mut self, k: isize) -> &mut Run {
        self.0[start(k)..].first_chunk_mut().expect("the series reaches as far as the run")
    }

    /// Adds `factor` times a run.
    #[inline]
    pub fn add(&mut self, k: isize, factor: f64, run: &Run) {
        for (sum, number) in self.run_mut(k).iter_mut().zip(run) {
            *sum += factor * number;
        }
    }
}

#[inline]
fn start(k: isize) -> usize {
    (k + LENGTH as isize) as usize
}

/// The products `(k + 1) ⋯ (k + 8)` and their reciprocals: what leads from run to run, at any mean.
#[derive(Debug)]
pub(super) struct Ratios {
    rising: Series,
    reciprocals: Series,
}

impl Ratios {
    /// None: for [`Self::extend`].
    pub fn new() -> Self {
        // Before 0 the products have a factor 0: nothing is below k = 0.
        Self { rising: Series::zeros(0), reciprocals: Series::zeros(0) }
    }

    /// Makes room for that many more.
    pub fn reserve(&mut self, more: usize) {
        self.rising.reserve(more);
        self.reciprocals.reserve(more);
    }

    /// Makes the products up to k at least.
    pub fn extend(&mut self, k: usize) {
        while self.rising.len() <= k {
            let first = self.rising.len();
            let mut products: Run = [1.0; LENGTH];
            for factor in 1..=LENGTH {
                for (lane, product) in products.iter_mut().enumerate() {
                    *product *= (first + factor) as f64 + lane as f64;
                }
            }
            self.rising.0.extend_from_slice(&products);
            self.reciprocals.0.extend_from_slice(&products.map(|product| 1.0 / product));
        }
    }
}

/// A run of probabilities, from which one walks to those beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    /// Where the run begins.
    pub k: isize,
    /// The probabilities of k, …, k + 7.
    pub run: Run,
    /// The eighth power of the mean, and its reciprocal.
    rise: f64,
    fall: f64,
}

impl Walk {
    /// The run that begins at the mode.
    pub fn new(mean: f64) -> Self {
        let mode = mean as usize;
        let factors: Run = std::array::from_fn(|lane| mean / (mode as f64 + lane as f64).max(1.0));
        let mut run = [poisson::probability(mode as u64, mean); LENGTH];
        for lane in 1..LENGTH {
            run[lane] = run[lane - 1] * factors[lane];
        }
        let rise = mean.powi(LENGTH as i32);
        Self { k: mode as isize, run, rise, fall: 1.0 / rise }
    }

    /// The last k of the run, which must not lie before 0.
    #[inline]
    pub fn last(&self) -> usize {
        (self.k + (LENGTH - 1) as isize).max(0) as usize
    }

    /// The probability of the last k.
    #[inline]
    pub fn highest(&self) -> f64 {
        self.run[LENGTH - 1]
    }

    /// To the run at k + 8; needs the ratios up to k + 7.
    #[inline]
    pub fn up(&mut self, ratios: &Ratios) {
        let ratios = ratios.reciprocals.run(self.k);
        for (probability, ratio) in self.run.iter_mut().zip(ratios) {
            *probability *= self.rise * ratio;
        }
        self.k += LENGTH as isize;
    }

    /// To the run at k − 8, for k > 0.
    #[inline]
    pub fn down(&mut self, ratios: &Ratios) {
        self.k -= LENGTH as isize;
        let ratios = ratios.rising.run(self.k);
        for (probability, ratio) in self.run.iter_mut().zip(ratios) {
            *probability *= self.fall * ratio;
        }
    }

    /// `Σ probability · number` over the run, lane by lane.
    #[inline]
    pub fn mix(&self, numbers: &Series, sums: &mut Run) {
        let numbers = numbers.run(self.k);
        for ((sum, probability), number) in sums.iter_mut().zip(&self.run).zip(numbers) {
            *sum += probability * number;
        }
    }
}

/// The sum of the lanes, in a fixed order.
#[inline]
pub(super) fn total(lanes: &Run) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_agree_with_single_steps() {
        let mut ratios = Ratios::new();
        ratios.extend(2000);
        for mean in [1e-3_f64, 0.9, 3.5, 8.0, 700.3] {
            let mode = mean.floor() as usize;
            let peak = poisson::probability(mode as u64, mean);
            let check = |walk: &Walk| {
                for (lane, &probability) in walk.run.iter().enumerate() {
                    let Ok(k) = usize::try_from(walk.k + lane as isize) else {
                        assert_eq!(probability, 0.0);
                        continue;
                    };
                    let up = (mode..k).fold(peak, |p, j| p * (mean / (j + 1) as f64));
                    let expected = (k..mode).rev().fold(up, |p, j| p * ((j + 1) as f64 / mean));
                    // A few roundings at each step, of either side.
                    let tolerance = 4e-16 * (8 + k.abs_diff(mode)) as f64;
                    let error = (probability / expected - 1.0).abs();
                    assert!(error <= tolerance, "mean {mean}, k = {k}: {error:e}");
                }
            };
            let mut walk = Walk::new(mean);
            check(&walk);
            for _ in 0..(3 + mean.sqrt() as usize) {
                walk.up(&ratios);
                check(&walk);
            }
            walk = Walk::new(mean);
            while walk.k > 0 && walk.run[0] > 1e-280 {
                walk.down(&ratios);
                check(&walk);
            }
        }
    }

    #[test]
    fn series_begin_with_zeros() {
        let mut series = Series::zeros(0);
        (1..=8).for_each(|number| series.push(f64::from(number)));
        assert_eq!(series.run(-8), &[0.0; 8]);
        assert_eq!(series.run(-2), &[0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        series.add(0, 2.0, &[1.0; 8]);
        assert_eq!(series.at(7), 10.0);
        assert_eq!(series.last(), 10.0);
    }
}
