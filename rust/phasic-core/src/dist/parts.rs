//! Probabilities of events from survival and distribution functions at their bounds.

use super::rows::Row;

/// A number whose logarithm was found, by its index among the bounds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Survival(usize),
    Absorbed(usize),
    Defect,
}

/// The probability of an event.
#[derive(Debug)]
pub(super) enum Event {
    /// Its logarithm, and the derivative of that in the logarithm of each part (in the defect itself).
    Sum { ln: f64, parts: Vec<(f64, Part)> },
    /// The integral of the density.
    Between,
}

/// Derivatives in the logarithms of all parts.
pub(super) struct Seeds {
    pub survival: Vec<f64>,
    pub absorbed: Vec<f64>,
    pub defect: f64,
}

impl Seeds {
    pub fn new(n: usize) -> Self {
        Self { survival: vec![0.0; n], absorbed: vec![0.0; n], defect: 0.0 }
    }

    pub fn add(&mut self, seed: f64, part: Part) {
        match part {
            Part::Survival(index) => self.survival[index] += seed,
            Part::Absorbed(index) => self.absorbed[index] += seed,
            Part::Defect => self.defect += seed,
        }
    }
}

/// Logarithms at the positive bounds of events.
pub(super) struct Found<'f> {
    pub bounds: &'f [f64],
    pub survival: &'f [f64],
    pub absorbed: &'f [f64],
    pub defect: f64,
}

impl Found<'_> {
    fn index(&self, bound: f64) -> Option<usize> {
        self.bounds.binary_search_by(|each| each.total_cmp(&bound)).ok()
    }

    fn ln(&self, part: Part) -> f64 {
        match part {
            Part::Survival(index) => self.survival[index],
            Part::Absorbed(index) => self.absorbed[index],
            Part::Defect => self.defect.ln(),
        }
    }

    /// The sum of some parts with signs, its logarithm `ln`.
    fn sum<const N: usize>(&self, ln: f64, parts: [Option<(f64, Part)>; N]) -> Event {
        let share = |(sign, part): (f64, Part)| {
            let size = if matches!(part, Part::Defect) { 0.0 } else { self.ln(part) };
            (sign * (size - ln).exp(), part)
        };
        Event::Sum { ln, parts: parts.into_iter().flatten().map(share).collect() }
    }

    /// ln P(lower < T ≤ upper), as [`super::event::event`] has it: from what lies outside where that is
    /// small, else from one tail, or a difference of two numbers that are not close.
    pub fn event(&self, row: &Row) -> Event {
        // A lower bound of 0 leaves out the atom alone; one of −∞ nothing.
        let (low, high) = (self.index(row.lower), self.index(row.upper));
        let with_atom = row.lower == f64::NEG_INFINITY;
        let below = low.map(|i| (-1.0, Part::Absorbed(i)));
        let above = high.map(|i| (-1.0, Part::Survival(i)));
        let atom = (!with_atom && self.defect > 0.0).then_some((-1.0, Part::Defect));
        let outside: f64 =
            [below, above, atom].into_iter().flatten().map(|(_, part)| self.ln(part).exp()).sum();
        if outside <= 0.5 {
            return self.sum((-outside).ln_1p(), [below, above, atom]);
        }
        let minus = |larger: Part, smaller: Part| {
            let (larger_ln, smaller_ln) = (self.ln(larger), self.ln(smaller));
            let ln = larger_ln + (-(smaller_ln - larger_ln).exp()).ln_1p();
            let close = smaller_ln - larger_ln > 0.5_f64.ln();
            (!close).then(|| self.sum(ln, [Some((1.0, larger)), Some((-1.0, smaller))]))
        };
        match (low, high) {
            (Some(i), None) => {
                let part = Part::Survival(i);
                self.sum(self.ln(part), [Some((1.0, part))])
            }
            (Some(i), Some(j)) => minus(Part::Survival(i), Part::Survival(j))
                .or_else(|| minus(Part::Absorbed(j), Part::Absorbed(i)))
                .unwrap_or(Event::Between),
            (None, Some(j)) => {
                let part = Part::Absorbed(j);
                let mut ln = self.ln(part);
                if with_atom && self.defect > 0.0 {
                    ln = (ln.exp() + self.defect).ln();
                    return self.sum(ln, [Some((1.0, part)), Some((1.0, Part::Defect))]);
                }
                self.sum(ln, [Some((1.0, part))])
            }
            // No bound to differ from: all that is outside is the atom.
            (None, None) => self.sum((-self.defect).ln_1p(), [atom]),
        }
    }
}
