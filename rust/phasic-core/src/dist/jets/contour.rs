//! The same on contours.

use super::Point;
use crate::dist::absorption::Absorption;
use crate::dist::contour::{Curve, Output, Spectrum, spectrum};
use crate::dist::scaled::{Scaled, power_of_two};
use crate::dist::sequence::Quantity;
use crate::dist::stiff::is_worth_a_contour;
use crate::{Error, Wanted};

/// Above this logarithm a probability has the digits of its complement.
const LARGE: f64 = -0.7;

impl Absorption<'_> {
    /// None where a contour costs more, may not be used, or misses the tolerance.
    pub(super) fn on_contour(
        &self,
        curve: Quantity,
        times: &[f64],
        tolerance: f64,
        wanted: Wanted,
    ) -> Result<Option<Vec<Point>>, Error> {
        let chain = self.chain();
        if !is_worth_a_contour(self.trace, &chain, times) {
            return Ok(None);
        }
        let spectrum = spectrum(self.trace, &self.weights.rows, &vec![1.0; chain.n()]);
        if !spectrum.leaves_room() {
            return Ok(None);
        }
        let inverted =
            |curve, times: &[f64]| self.inverted(curve, times, &spectrum, tolerance, wanted);
        let Some(mut points) = inverted(curve, times)? else { return Ok(None) };
        let other = match curve {
            Quantity::Density => return Ok(Some(points)),
            Quantity::Survival => Quantity::Absorbed,
            Quantity::Absorbed => Quantity::Survival,
        };
        let large: Vec<usize> = (0..points.len()).filter(|&i| points[i].ln > LARGE).collect();
        let left: Vec<f64> = large.iter().map(|&i| times[i]).collect();
        if !left.is_empty() {
            let Some(others) = inverted(other, &left)? else { return Ok(None) };
            large.into_iter().zip(others).for_each(|(i, other)| points[i] = other.complement());
        }
        Ok(Some(points))
    }

    fn inverted(
        &self,
        curve: Quantity,
        times: &[f64],
        spectrum: &Spectrum,
        tolerance: f64,
        wanted: Wanted,
    ) -> Result<Option<Vec<Point>>, Error> {
        let output = match curve {
            Quantity::Density => Output::Density,
            Quantity::Survival => Output::Survival,
            Quantity::Absorbed => Output::Absorbed,
        };
        let derivatives = match wanted {
            Wanted::Values => 0,
            Wanted::First | Wanted::FirstAndRewards => 1,
            Wanted::Second => 2,
        };
        let (trace, interrupt) = (self.trace, self.interrupt());
        let rewards = vec![1.0; trace.n_transient()];
        let law = (trace, self.weights.rows.as_slice(), rewards.as_slice());
        let points = (times.to_vec(), vec![0.0; times.len()]);
        let found =
            Curve::smooth(law, (output, derivatives), spectrum, &points, tolerance, &interrupt)?;
        let Some(found) = found else { return Ok(None) };
        let bends = match wanted {
            Wanted::Values => None,
            _ => Some(found.bends(wanted == Wanted::Second, &interrupt)?),
        };
        let v = trace.n_parameters() + 1;
        let point = |(i, &ln): (usize, &f64)| {
            let size = Scaled::from_ln(ln);
            let row = |numbers: &[f64], width: usize| -> Vec<f64> {
                let own = numbers.iter().skip(i * width).take(width);
                own.map(|share| share * size.mantissa).collect()
            };
            let rows = bends.as_ref().map(|b| (row(&b.first, v), row(&b.second, v * v)));
            let (first, second) = rows.unwrap_or_default();
            Point { ln, size, first, second }
        };
        let mut points: Vec<Point> = found.logs().iter().enumerate().map(point).collect();
        if curve == Quantity::Absorbed && self.defect() > 0.0 {
            let lost = trace.defect_slopes();
            points.iter_mut().for_each(|point| point.add_defect(self.defect(), &lost));
        }
        Ok(Some(points))
    }
}

impl Point {
    /// Of one minus the function.
    fn complement(self) -> Self {
        let value = self.size.value();
        let size = Scaled::new(1.0 - value);
        // In the units of 1, of which the complement is at least a half or so.
        let unit = power_of_two(self.size.exponent - size.exponent);
        let less = |numbers: Vec<f64>| numbers.into_iter().map(|x| -x * unit).collect();
        let (first, second) = (less(self.first), less(self.second));
        Self { ln: (-value).ln_1p(), size, first, second }
    }

    fn add_defect(&mut self, defect: f64, slopes: &[f64]) {
        let before = self.size.exponent;
        self.size.add(defect, 0);
        self.size = self.size.normal();
        self.ln = self.size.ln();
        let shift = power_of_two(before - self.size.exponent);
        self.first.iter_mut().chain(&mut self.second).for_each(|number| *number *= shift);
        let share = power_of_two(-self.size.exponent);
        for (sum, slope) in self.first.iter_mut().zip(slopes) {
            *sum += slope * share;
        }
    }
}
