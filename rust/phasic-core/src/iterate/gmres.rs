//! GMRES with restarts and a fixed right preconditioner (Saad & Schultz 1986, *SIAM J. Sci. Stat.
//! Comput.* 7:856; Saad 2003, *Iterative Methods for Sparse Linear Systems*, §9.3.2).

use crate::Error;

/// Vectors kept between restarts.
const RESTART: usize = 40;

/// A linear system and an approximate inverse of it.
pub(super) trait System {
    /// The (scaled) matrix times a vector.
    fn apply(&self, x: &[f64]) -> Result<Vec<f64>, Error>;
    /// The approximate inverse, in place.
    fn precondition(&self, q: &mut [f64]);
}

/// What an iteration found.
pub(super) struct Found {
    pub solution: Vec<f64>,
    pub iterations: usize,
    /// Norm of the residual over that of the right-hand side.
    pub reduction: f64,
}

/// Solves A x = b until the residual is `goal` times the right-hand side, or `most` iterations.
pub(super) fn gmres(
    system: &impl System,
    b: &[f64],
    goal: f64,
    most: usize,
) -> Result<Found, Error> {
    let size = norm(b);
    let mut found = Found { solution: vec![0.0; b.len()], iterations: 0, reduction: 1.0 };
    if size == 0.0 {
        found.reduction = 0.0;
        return Ok(found);
    }
    let mut residual = b.to_vec();
    loop {
        let before = found.reduction;
        let room = RESTART.min(most - found.iterations);
        let (step, iterations) = cycle(system, &residual, goal * size, room)?;
        found.iterations += iterations;
        let mut candidate = found.solution.clone();
        candidate.iter_mut().zip(&step).for_each(|(x, s)| *x += s);
        let image = system.apply(&candidate)?;
        residual = b.iter().zip(&image).map(|(b, a)| b - a).collect();
        let reduction = norm(&residual) / size;
        if reduction.is_nan() || reduction >= before {
            return Ok(found);
        }
        (found.solution, found.reduction) = (candidate, reduction);
        if reduction <= goal || found.iterations >= most || reduction > 0.9 * before {
            return Ok(found);
        }
    }
}

/// One cycle from zero: the step, preconditioned, and the iterations taken.
fn cycle(
    system: &impl System,
    residual: &[f64],
    goal: f64,
    room: usize,
) -> Result<(Vec<f64>, usize), Error> {
    let size = norm(residual);
    let mut basis: Vec<Vec<f64>> = vec![residual.iter().map(|r| r / size).collect()];
    // Columns of the triangular factor, the rotations that made it, the rotated right-hand side.
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut rotations: Vec<(f64, f64)> = Vec::new();
    let mut g = vec![size];
    while columns.len() < room {
        let last = columns.len();
        let mut q = basis[last].clone();
        system.precondition(&mut q);
        let mut w = system.apply(&q)?;
        let before = norm(&w);
        let mut h = vec![0.0; last + 1];
        // Twice where much was taken away (Kahan's rule).
        for _ in 0..2 {
            for (entry, v) in h.iter_mut().zip(&basis) {
                let share = dot(&w, v);
                *entry += share;
                w.iter_mut().zip(v).for_each(|(w, v)| *w -= share * v);
            }
            if norm(&w) > 0.7 * before {
                break;
            }
        }
        let below = norm(&w);
        for (k, &(c, s)) in rotations.iter().enumerate() {
            (h[k], h[k + 1]) = (c * h[k] + s * h[k + 1], c * h[k + 1] - s * h[k]);
        }
        let length = h[last].hypot(below);
        if !length.is_finite() || length == 0.0 {
            break;
        }
        let (c, s) = (h[last] / length, below / length);
        h[last] = length;
        columns.push(h);
        rotations.push((c, s));
        g.push(-s * g[last]);
        g[last] *= c;
        if below <= 1e-15 * before || g[last + 1].abs() <= goal {
            break;
        }
        basis.push(w.iter().map(|w| w / below).collect());
    }
    let mut y = g;
    y.truncate(columns.len());
    for row in (0..columns.len()).rev() {
        y[row] /= columns[row][row];
        for above in 0..row {
            y[above] -= columns[row][above] * y[row];
        }
    }
    let mut step = vec![0.0; residual.len()];
    for (share, v) in y.iter().zip(&basis) {
        step.iter_mut().zip(v).for_each(|(sum, v)| *sum += share * v);
    }
    system.precondition(&mut step);
    Ok((step, columns.len()))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
