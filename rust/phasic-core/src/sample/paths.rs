//! Whole paths, packed one after the other.

use super::walk::Record;

/// Paths of a chain: path i has the entries `offsets[i]..offsets[i + 1]`.
///
/// Each begins with the starting vertex at time 0 and ends with the absorbing vertex at the time of
/// absorption. The path of a chain that never starts is the starting vertex alone.
#[derive(Debug, Default)]
pub struct Paths {
    /// `(n + 1,)`.
    pub offsets: Vec<u64>,
    /// Canonical vertices.
    pub vertices: Vec<u32>,
    /// When each is entered: a time, or a number of steps.
    pub times: Vec<f64>,
}

/// The paths of one stream.
pub(super) struct Trail {
    left: usize,
    ends: Vec<usize>,
    vertices: Vec<u32>,
    times: Vec<f64>,
    entered: f64,
}

impl Trail {
    /// Of `n` paths, at least one.
    pub fn new(n: usize) -> Self {
        Self { left: n, ends: Vec::new(), vertices: vec![0], times: vec![0.0], entered: 0.0 }
    }

    #[inline]
    fn enter(&mut self, vertex: u32, time: f64) {
        self.vertices.push(vertex);
        self.times.push(time);
    }
}

impl Record for Trail {
    #[inline]
    fn stay(&mut self, vertex: u32, _: f64, now: f64) -> bool {
        self.enter(vertex, self.entered);
        self.entered = now;
        true
    }

    #[inline]
    fn end(&mut self, vertex: u32, now: f64) -> bool {
        if vertex != 0 {
            self.enter(vertex, now);
        }
        self.ends.push(self.vertices.len());
        self.left -= 1;
        self.entered = 0.0;
        let more = self.left > 0;
        if more {
            self.enter(0, 0.0);
        }
        more
    }
}

impl Paths {
    pub(super) fn joined(trails: Vec<Trail>) -> Self {
        let total = trails.iter().map(|trail| trail.vertices.len()).sum();
        let mut paths = Self {
            offsets: vec![0],
            vertices: Vec::with_capacity(total),
            times: Vec::with_capacity(total),
        };
        for trail in trails {
            let before = paths.vertices.len();
            paths.offsets.extend(trail.ends.iter().map(|end| (before + end) as u64));
            paths.vertices.extend(trail.vertices);
            paths.times.extend(trail.times);
        }
        paths
    }
}
