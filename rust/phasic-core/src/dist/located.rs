//! Where a chain is at a time, with derivatives in θ and in the time.

use super::absorption::{Absorption, check_times};
use super::forward;
use crate::{Error, Jet, Wanted};

impl Absorption<'_> {
    /// Probability of each vertex at a time, `(n_vertices,)`, with first derivatives in θ and then in
    /// the time, `(n_vertices, n_parameters + 1)`; 0 at absorbing vertices, and everywhere at infinity.
    ///
    /// By one pass over the jumps, which carries the derivative in each parameter. The derivative in
    /// time is what flows in less what flows out: near a steady state it cancels.
    pub fn located(&self, time: f64, tolerance: f64, wanted: Wanted) -> Result<Jet, Error> {
        check_times(&[time])?;
        let (n, p) = (self.trace().n_vertices(), self.trace().n_parameters());
        if time.is_infinite() {
            // Only a chain that is surely absorbed has these limits.
            self.moments()?;
            let first = if wanted == Wanted::Values { 0 } else { n * (p + 1) };
            return Ok(Jet { values: vec![0.0; n], first: vec![0.0; first], ..Jet::default() });
        }
        let values = self.occupancy(time, tolerance)?;
        if wanted == Wanted::Values {
            return Ok(Jet { values, ..Jet::default() });
        }
        let chain = self.chain();
        let coefficients = self.jump_probabilities(time, tolerance)?;
        let law = (self.trace(), &chain, &self.interrupt());
        let mut first = vec![0.0; n * (p + 1)];
        let mut fill = |column: usize, slopes: &[f64]| {
            for (vertex, slope) in self.trace().at_vertices(slopes).into_iter().enumerate() {
                first[vertex * (p + 1) + column] = slope;
            }
        };
        forward::mixed(law, &coefficients, &mut fill)?;
        let flow = chain.flow(&self.trace().at_positions(&values));
        fill(p, &flow);
        Ok(Jet { values, first, ..Jet::default() })
    }
}
