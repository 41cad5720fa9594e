//! Second derivatives of log-likelihoods in θ.

use super::continuous::{Asked, Times, exact_logs, split, sum, terms};
use super::forward::{first, second};
use super::sequence::Sequence;
use super::stiff::At;
use crate::{Error, Interrupt, Trace, Weights};

/// Of the tolerance: later jumps weigh more in a second derivative than in the value.
const FINER: f64 = 1e-2;

/// A number with its first and second derivatives in θ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curvature {
    pub value: f64,
    /// `(n_parameters,)`.
    pub gradient: Vec<f64>,
    /// `(n_parameters, n_parameters)`, row by row.
    pub hessian: Vec<f64>,
}

impl Curvature {
    /// With all derivatives equal.
    pub fn of(value: f64, n_parameters: usize, fill: f64) -> Self {
        let (gradient, hessian) = (vec![fill; n_parameters], vec![fill; n_parameters.pow(2)]);
        Self { value, gradient, hessian }
    }

    /// Adds `weight · ln f` with the derivatives of f over f.
    pub fn add(&mut self, weight: f64, ln: f64, slopes: &[f64], bends: &[f64]) {
        let p = slopes.len();
        self.value += weight * ln;
        for (sum, slope) in self.gradient.iter_mut().zip(slopes) {
            *sum += weight * slope;
        }
        for (index, (sum, bend)) in self.hessian.iter_mut().zip(bends).enumerate() {
            *sum += weight * (bend - slopes[index / p] * slopes[index % p]);
        }
    }

    fn plus(mut self, other: &Self) -> Self {
        let add = |sums: &mut [f64], shares: &[f64]| {
            sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
        };
        self.value += other.value;
        add(&mut self.gradient, &other.gradient);
        add(&mut self.hessian, &other.hessian);
        self
    }
}

impl Times {
    /// The log-likelihood with its first and second derivatives, by forward derivatives of what its
    /// value is made of: `(ln f)ᵢⱼ = fᵢⱼ / f − fᵢ fⱼ / f²`.
    pub fn curvature(
        &self,
        trace: &Trace,
        weights: &Weights,
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Curvature, Error> {
        self.resolved(trace, weights, (2, tolerance), |at, asked, logs| {
            let (stiff, gentle) = split(asked.rows, at.chain);
            let Some((mut curvature, late)) = stiff.curvature(at, asked.tolerance, interrupt)?
            else {
                return bent(asked, at, logs, interrupt);
            };
            if !gentle.is_empty() {
                let asked = Asked { rows: &gentle, ..asked };
                curvature = bent(asked, at, logs, interrupt)?.plus(&curvature);
            }
            logs.extend(late);
            Ok(curvature)
        })
    }
}

/// By uniformization.
fn bent(
    asked: Asked<'_>,
    at: At<'_>,
    logs: &mut Vec<f64>,
    interrupt: &Interrupt,
) -> Result<Curvature, Error> {
    let rows = asked.rows;
    let p = at.trace.n_parameters();
    let mut sequence = Sequence::new(at.chain, false, interrupt.clone());
    let finer = (FINER * asked.tolerance).max(f64::EPSILON);
    let terms = terms(rows, at.chain, &mut sequence, at.defect, finer)?;
    logs.extend(exact_logs(rows, &terms));
    let value = sum(rows, &terms);
    if !value.is_finite() {
        return Ok(Curvature::of(value, p, f64::NAN));
    }
    let law = (at.trace, at.chain, interrupt);
    let slopes = first(law, &sequence.exponents, &terms)?;
    let bends = second(law, &sequence.exponents, &terms)?;
    let mut curvature = Curvature::of(0.0, p, 0.0);
    for (index, (row, term)) in rows.iter().zip(&terms).enumerate() {
        let over = |numbers: &[f64], n: usize| -> Vec<f64> {
            numbers[index * n..][..n].iter().map(|number| number / term.size.mantissa).collect()
        };
        curvature.add(row.weight, term.ln, &over(&slopes, p), &over(&bends, p * p));
    }
    Ok(curvature)
}

#[cfg(test)]
mod tests {
    use crate::{GraphBuilder, Law, LogLikelihood, Trace, VertexId, VertexKind};

    /// A birth–death chain on 1 to n, absorbed at 0; θ: rates of birth, death and of a way out.
    fn births_and_deaths(n: i32) -> Trace {
        let mut graph = GraphBuilder::new(1);
        let mut vertex =
            |state: i32| graph.find_or_create(VertexKind::Ordinary, &[state]).expect("one entry").0;
        let vertices: Vec<VertexId> = (0..=n).map(&mut vertex).collect();
        graph.add_edge(VertexId::START, vertices[2], 0.5, &[0.0, 0.0, 0.25]).expect("starts");
        graph.add_edge(VertexId::START, vertices[3], 0.25, &[]).expect("a probability");
        for state in 1..=n as usize {
            let mut edge = |to: usize, coefficients: &[f64]| {
                graph.add_edge(vertices[state], vertices[to], 0.0, coefficients).expect("a rate");
            };
            edge(state - 1, &[0.0, 1.0, if state == 3 { 1.0 } else { 0.0 }]);
            if state < n as usize {
                edge(state + 1, &[1.0, 0.0, 0.0]);
            }
        }
        Trace::record(&graph.freeze().expect("absorbed at 0")).expect("a small chain")
    }

    const NEVER: f64 = f64::INFINITY;

    /// Bounds of exact, censored and truncated rows.
    const ROWS: [(f64, f64, f64); 7] = [
        (0.4, 0.4, 1.0),
        (3.0, 3.0, 2.0),
        (1.5, NEVER, 1.0),
        (-NEVER, 0.7, 3.0),
        (0.5, 2.5, 1.0),
        (0.9, 0.901, 1.0),
        (0.1, NEVER, -4.0),
    ];

    fn check(trace: &Trace, data: &LogLikelihood<'_>, theta: &[f64]) {
        let p = trace.n_parameters();
        let (mut gradient, mut hessian) = (vec![0.0; p], vec![0.0; p * p]);
        let value = data.try_value_and_hessian(theta, &mut gradient, &mut hessian).expect("valid");
        let gradient_at = |theta: &[f64]| {
            let mut gradient = vec![0.0; p];
            let value = data.try_value_and_gradient(theta, &mut gradient).expect("valid");
            (value, gradient)
        };
        let (expected, by_sweep) = gradient_at(theta);
        assert!((value / expected - 1.0).abs() < 1e-12, "{value} {expected}");
        let scale = by_sweep.iter().fold(0.0, |largest: f64, slope| largest.max(slope.abs()));
        for (given, expected) in gradient.iter().zip(&by_sweep) {
            assert!((given - expected).abs() < 1e-9 * scale, "{given} {expected}");
        }
        let scale = hessian.iter().fold(0.0, |largest: f64, bend| largest.max(bend.abs()));
        for a in 0..p {
            let step = 1e-4 * theta[a];
            let moved = |sign: f64| {
                let mut theta = theta.to_vec();
                theta[a] += sign * step;
                gradient_at(&theta).1
            };
            let (up, down) = (moved(1.0), moved(-1.0));
            for b in 0..p {
                let difference = (up[b] - down[b]) / (2.0 * step);
                let given = hessian[a * p + b];
                assert!((given - difference).abs() < 1e-6 * scale, "{a} {b} {given} {difference}");
                assert_eq!(given, hessian[b * p + a]);
            }
        }
    }

    #[test]
    fn curvature_of_all_kinds_of_rows() {
        let trace = births_and_deaths(6);
        let [lower, upper, weights] = [
            ROWS.map(|row| row.0).to_vec(),
            ROWS.map(|row| row.1).to_vec(),
            ROWS.map(|row| row.2).to_vec(),
        ];
        let law = Law::Continuous;
        let data = LogLikelihood::of_events(&trace, law, &lower, &upper, &weights, &[], 1e-13);
        check(&trace, &data.expect("valid rows"), &[0.8, 1.3, 0.6]);
    }

    #[test]
    fn curvature_on_a_contour() {
        let trace = births_and_deaths(9);
        let times: Vec<f64> = (1..60).map(|i| 0.02 * f64::from(i * i)).collect();
        let ones = vec![1.0; times.len()];
        let data = LogLikelihood::new(&trace, Law::Continuous, &times, &ones, &[], 1e-12);
        check(&trace, &data.expect("positive times"), &[70.0, 75.0, 0.5]);
    }

    #[test]
    fn curvature_of_censored_rows_on_contours() {
        let trace = births_and_deaths(6);
        let [mut lower, mut upper, mut weights] = [vec![], vec![], vec![]];
        for scale in (1..30).map(|i| f64::from(i) * 2.0) {
            for (low, high, weight) in ROWS {
                lower.push(scale * low);
                upper.push(scale * high);
                weights.push(weight);
            }
        }
        let law = Law::Continuous;
        let data = LogLikelihood::of_events(&trace, law, &lower, &upper, &weights, &[], 1e-12);
        check(&trace, &data.expect("valid rows"), &[70.0, 75.0, 0.5]);
    }

    #[test]
    fn contour_and_uniformization_agree() {
        let trace = births_and_deaths(5);
        let theta = [9.0, 9.5, 0.5];
        let times: Vec<f64> = (1..400).map(|i| 20.0 + 0.05 * f64::from(i)).collect();
        let both = |times: &[f64]| {
            let ones = vec![1.0; times.len()];
            let data = LogLikelihood::new(&trace, Law::Continuous, times, &ones, &[], 1e-12);
            let (mut gradient, mut hessian) = ([0.0; 3], [0.0; 9]);
            let data = data.expect("positive times");
            data.try_value_and_hessian(&theta, &mut gradient, &mut hessian).expect("valid");
            hessian
        };
        // Many at once are worth a contour; one alone, of the same times, is not.
        let together = both(&times);
        let mut one_by_one = [0.0; 9];
        for time in &times {
            for (sum, bend) in one_by_one.iter_mut().zip(both(&[*time])) {
                *sum += bend;
            }
        }
        let scale = together.iter().fold(0.0, |largest: f64, bend| largest.max(bend.abs()));
        for (given, expected) in together.iter().zip(one_by_one) {
            assert!((given - expected).abs() < 1e-9 * scale, "{given} {expected}");
        }
    }

    #[test]
    fn curvature_of_counts() {
        let trace = births_and_deaths(4);
        let rewards: Vec<f64> = (0..trace.n_vertices()).map(|v| (v % 3) as f64).collect();
        let lower = [0.0, 3.0, 1.0, -NEVER, 2.0];
        let upper = [0.0, 3.0, NEVER, 4.0, 6.0];
        let weights = [1.0, 2.0, 1.0, 3.0, 1.0];
        for rewards in [vec![], rewards] {
            let law = Law::Discrete;
            let data =
                LogLikelihood::of_events(&trace, law, &lower, &upper, &weights, &rewards, 1e-12);
            check(&trace, &data.expect("valid rows"), &[0.2, 0.3, 0.4]);
        }
    }
}
