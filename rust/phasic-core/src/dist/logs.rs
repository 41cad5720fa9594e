//! Logarithms and hazard: right where the numbers themselves are below the smallest double.

use super::absorption::{Absorption, Ask};
use super::scaled::Scaled;
use super::sequence::Quantity;
use crate::Error;

/// Above this a probability's logarithm is taken from its complement.
const LARGE: f64 = 0.5;

impl Absorption<'_> {
    /// Natural logarithm of the density at each time; −∞ where there is none, and at infinity.
    pub fn log_pdf(&self, times: &[f64], tolerance: f64) -> Result<Vec<f64>, Error> {
        self.at(times, f64::NEG_INFINITY, tolerance, |ask, times| {
            Ok(ask(Quantity::Density, times)?.into_iter().map(Scaled::ln).collect())
        })
    }

    /// Natural logarithm of the distribution function, the atom at zero included.
    ///
    /// The relative error is that of the smaller of the function and its complement: the logarithm
    /// keeps its digits in both tails.
    pub fn log_cdf(&self, times: &[f64], tolerance: f64) -> Result<Vec<f64>, Error> {
        self.at(times, 0.0, tolerance, |ask, times| {
            let values = self.absorbed(ask, times)?;
            logarithms(&values, times, |late| ask(Quantity::Survival, late))
        })
    }

    /// Natural logarithm of the survival function; the relative error as for [`Self::log_cdf`].
    pub fn log_sf(&self, times: &[f64], tolerance: f64) -> Result<Vec<f64>, Error> {
        self.at(times, f64::NEG_INFINITY, tolerance, |ask, times| {
            let values = ask(Quantity::Survival, times)?;
            logarithms(&values, times, |early| self.absorbed(ask, early))
        })
    }

    /// Rate of absorption among those not yet absorbed, density over survival function.
    ///
    /// A quotient of scaled numbers, so right where both underflow. NaN at infinity, and where
    /// nothing survives.
    pub fn hazard(&self, times: &[f64], tolerance: f64) -> Result<Vec<f64>, Error> {
        self.at(times, f64::NAN, tolerance, |ask, times| {
            let densities = ask(Quantity::Density, times)?;
            let survival = ask(Quantity::Survival, times)?;
            Ok(densities.into_iter().zip(survival).map(|(f, s)| f.over(s)).collect())
        })
    }

    /// The distribution function, its atom included.
    fn absorbed(&self, ask: &mut Ask<'_>, times: &[f64]) -> Result<Vec<Scaled>, Error> {
        let mut values = ask(Quantity::Absorbed, times)?;
        values.iter_mut().for_each(|value| value.add(self.defect(), 0));
        Ok(values)
    }
}

/// ln of probabilities; of those above one half by their complements, asked for at their times.
fn logarithms(
    values: &[Scaled],
    times: &[f64],
    complements: impl FnOnce(&[f64]) -> Result<Vec<Scaled>, Error>,
) -> Result<Vec<f64>, Error> {
    let mut logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let large: Vec<usize> = (0..times.len()).filter(|&i| values[i].value() > LARGE).collect();
    let at: Vec<f64> = large.iter().map(|&index| times[index]).collect();
    for (index, complement) in large.into_iter().zip(complements(&at)?) {
        logs[index] = (-complement.value()).ln_1p();
    }
    Ok(logs)
}
