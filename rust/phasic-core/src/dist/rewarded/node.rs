//! The transform of a reward at the nodes of a contour, with its derivatives.

use super::Column;
use crate::Interrupt;
use crate::dist::contour::{Window, node_cost};
use crate::dist::sequence::Quantity;
use crate::eliminate::ABSORBED;
use crate::solve::{Adjoint, Complex, ComplexLanes, Evaluation, NODES, Scalar};

/// F at a node of a contour, and its derivatives.
pub(super) struct Node {
    pub z: Complex,
    /// Of the node in the sum over the contour.
    pub weight: Complex,
    pub value: Complex,
    /// In θ.
    pub theta: Vec<Complex>,
}

impl Node {
    /// The factor of `value` in the term of a point, over `exp(log)`.
    pub fn factor(&self, point: f64, log: f64) -> Complex {
        let size = (self.z.re * point - log).exp();
        let (sin, cos) = (self.z.im * point).sin_cos();
        self.weight * Complex { re: size * cos, im: size * sin }
    }
}

impl Column<'_> {
    /// The nodes of a window: one elimination and one sweep back for each.
    pub fn nodes(
        &self,
        quantity: Quantity,
        window: &Window,
        interrupt: &Interrupt,
    ) -> Result<Vec<Node>, crate::Error> {
        let mut nodes = Vec::with_capacity(window.points.len());
        for (points, weights) in window.points.chunks(NODES).zip(window.weights.chunks(NODES)) {
            interrupt.after(3 * NODES * node_cost(self.trace) as usize)?;
            self.few(quantity, points, weights, &mut nodes);
        }
        Ok(nodes)
    }

    fn few(
        &self,
        quantity: Quantity,
        points: &[Complex],
        weights: &[Complex],
        nodes: &mut Vec<Node>,
    ) {
        let z = ComplexLanes::of(|k| points[k.min(points.len() - 1)]);
        let rows = self.weights.rows.iter().map(|&row| ComplexLanes::constant(row)).collect();
        let killing: Vec<ComplexLanes> =
            self.at.iter().map(|&reward| z * ComplexLanes::constant(reward)).collect();
        let at = Evaluation::new(self.trace, rows, &killing);
        let survival = quantity == Quantity::Survival;
        let source = if survival {
            self.at.iter().map(|&reward| ComplexLanes::constant(reward)).collect()
        } else {
            self.trace.absorption(&at.factor.weights)
        };
        let solution = at.factor.solve(source);
        let mut adjoint = Adjoint::new(&at.factor);
        let b = adjoint.solve(&solution, at.initial.clone()).to_vec();
        let mut found = at.finish(adjoint, |position| solution.values[position]);
        if !survival {
            let outer = &self.trace.layout().outer;
            for (position, &share) in b.iter().enumerate() {
                for (edge, _) in outer.of(position).filter(|&(_, target)| target == ABSORBED) {
                    found.edges[edge] += share;
                }
            }
        }
        let (mut value, mut theta) =
            (at.start(&solution.values), self.trace.graph().pull_back(&found.edges));
        if quantity == Quantity::Absorbed {
            value = value.ratio(z);
            theta.iter_mut().for_each(|each| *each = each.ratio(z));
        }
        nodes.extend(points.iter().zip(weights).enumerate().map(|(k, (&z, &weight))| Node {
            z,
            weight,
            value: value.lane(k),
            theta: theta.iter().map(|each| each.lane(k)).collect(),
        }));
    }
}
