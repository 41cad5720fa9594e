//! First and second derivatives in θ of one curve at many times.

use super::curve::Curve;
use super::laplace::{Output, Shifted};
use crate::eliminate::ABSORBED;
use crate::solve::{Complex, ComplexLanes, Evaluation, NODES, Scalar};
use crate::{Error, Interrupt};

/// Derivatives over the value, at each time, in θ and then in time: p + 1 variables.
pub(crate) struct Bends {
    /// `(m, p + 1)`, row by row.
    pub first: Vec<f64>,
    /// `(m, p + 1, p + 1)`, row by row; empty unless wanted.
    pub second: Vec<f64>,
}

impl Curve<'_> {
    /// The derivatives of the curve at each time (in time where nothing is integrated over): the same sums over the nodes of the contour, with
    /// the derivatives of the transform, of which each parameter costs a solve per node.
    pub fn bends(&self, wants_second: bool, interrupt: &Interrupt) -> Result<Bends, Error> {
        let graph = self.law.trace.graph();
        let p = graph.n_parameters();
        let v = p + 1;
        let mut unit = vec![0.0; p];
        let mut along = |parameter: usize| {
            unit.fill(0.0);
            unit[parameter] = 1.0;
            let rows = graph.push_forward(&unit);
            Direction { initial: self.law.trace.initial(&rows), rows }
        };
        let directions: Vec<Direction> = (0..p).map(&mut along).collect();
        let m = self.times.len();
        let n_second = if wants_second { m * v * v } else { 0 };
        let mut bends = Bends { first: vec![0.0; m * v], second: vec![0.0; n_second] };
        for window in &self.inversion.windows {
            let nodes = window.points.chunks(NODES).zip(window.weights.chunks(NODES));
            for (points, weights) in nodes {
                interrupt.after(points.len() * self.law.work() * (p + 2))?;
                let jet = self.law.jet(points, &directions, wants_second);
                for &i in &window.times {
                    let kernel = |k: usize| {
                        let (Some(&z), Some(&weight)) = (points.get(k), weights.get(k)) else {
                            return Complex { re: 0.0, im: 0.0 };
                        };
                        weight * self.kernel(z, i)
                    };
                    let kernel = ComplexLanes::of(kernel);
                    let add = |sums: &mut [f64], terms: &[ComplexLanes]| {
                        for (sum, &term) in sums.iter_mut().zip(terms) {
                            *sum += (kernel * term).imaginary();
                        }
                    };
                    add(&mut bends.first[i * v..][..v], &jet.first);
                    if wants_second {
                        add(&mut bends.second[i * v * v..][..v * v], &jet.second);
                    }
                }
            }
        }
        Ok(bends)
    }
}

/// Derivatives of a transform times exp(z t) at a few points, over that exponential.
struct Jet {
    first: Vec<ComplexLanes>,
    second: Vec<ComplexLanes>,
}

/// A direction in θ: the derivatives of the weights of rows and of the initial vector.
struct Direction {
    rows: Vec<f64>,
    initial: Vec<f64>,
}

impl Shifted<'_> {
    /// With `x = V b` and `y = α V`, V the inverse of `zR − S`: `F' = α' x + α x'` for `x' = V (S' x + b')`,
    /// and `F'' = α'ₐ x'ᵦ + α'ᵦ x'ₐ + y (S'ₐ x'ᵦ + S'ᵦ x'ₐ)`, all of α, S and b being linear in θ. A
    /// derivative in time is a factor z.
    fn jet(&self, points: &[Complex], directions: &[Direction], wants_second: bool) -> Jet {
        let (at, z) = self.lanes(points);
        let x = at.factor.solve(self.source(&at)).values;
        let moved = |direction: &Direction| {
            let mut b = self.flow(&x, &direction.rows);
            if self.output != Output::Survival {
                for (sum, rate) in b.iter_mut().zip(self.trace.absorption(&direction.rows)) {
                    *sum += ComplexLanes::constant(rate);
                }
            }
            at.factor.solve(b).values
        };
        let moved: Vec<Vec<ComplexLanes>> = directions.iter().map(moved).collect();
        let first = |(direction, moved): (&Direction, &Vec<ComplexLanes>)| {
            dot(&direction.initial, &x) + at.start(moved)
        };
        let first = directions.iter().zip(&moved).map(first);
        let mut jet = Jet { first: first.collect(), second: Vec::new() };
        jet.first.push(z * at.start(&x));
        if wants_second {
            jet.second = self.second(&at, z, directions, &moved, &jet.first);
        }
        if self.output == Output::Absorbed {
            let all = jet.first.iter_mut().chain(&mut jet.second);
            all.for_each(|number| *number = number.ratio(z));
        }
        jet
    }

    fn second(
        &self,
        at: &Evaluation<'_, ComplexLanes>,
        z: ComplexLanes,
        directions: &[Direction],
        moved: &[Vec<ComplexLanes>],
        first: &[ComplexLanes],
    ) -> Vec<ComplexLanes> {
        let v = first.len();
        let y = at.factor.solve_rows(at.initial.clone());
        let crossed = |a: usize, b: usize| {
            let mut sum = dot(&directions[a].initial, &moved[b]);
            for (&y, flow) in y.iter().zip(self.flow(&moved[b], &directions[a].rows)) {
                sum += y * flow;
            }
            sum
        };
        let mut second = vec![ComplexLanes::ZERO; v * v];
        for a in 0..v {
            for b in 0..=a {
                let value = if a + 1 == v { z * first[b] } else { crossed(a, b) + crossed(b, a) };
                second[a * v + b] = value;
                second[b * v + a] = value;
            }
        }
        second
    }

    /// `S' x`, S' with these derivatives of the weights of rows.
    fn flow(&self, x: &[ComplexLanes], rows: &[f64]) -> Vec<ComplexLanes> {
        let layout = self.trace.layout();
        let flow = |position: usize| {
            let mut sum = ComplexLanes::ZERO;
            let edges = layout.inner.weighted(position).chain(layout.outer.weighted(position));
            for (row, target) in edges.filter(|&(row, _)| rows[row] != 0.0) {
                let gain = match target {
                    ABSORBED => ComplexLanes::ZERO - x[position],
                    _ => x[target as usize] - x[position],
                };
                sum += ComplexLanes::constant(rows[row]) * gain;
            }
            sum
        };
        (0..x.len()).map(flow).collect()
    }
}

fn dot(a: &[f64], b: &[ComplexLanes]) -> ComplexLanes {
    let mut sum = ComplexLanes::ZERO;
    for (&a, &b) in a.iter().zip(b) {
        sum += ComplexLanes::constant(a) * b;
    }
    sum
}
