//! What is kept of walks: totals, or where they were at a time.

use std::slice::{ChunksExactMut, IterMut};

use super::walk::Record;

/// Times, or numbers of steps, until absorption.
pub(super) struct Totals<'a> {
    pub rows: IterMut<'a, f64>,
}

impl Record for Totals<'_> {
    #[inline]
    fn stay(&mut self, _: u32, _: f64, _: f64) -> bool {
        true
    }

    #[inline]
    fn end(&mut self, _: u32, now: f64) -> bool {
        if let Some(row) = self.rows.next() {
            *row = now;
        }
        self.rows.len() > 0
    }
}

/// Sums of rewards, `(n_vertices, k)` row by row, times the lengths of stays.
pub(super) struct Sums<'a> {
    rewards: &'a [f64],
    row: &'a mut [f64],
    later: ChunksExactMut<'a, f64>,
}

impl<'a> Sums<'a> {
    /// `rows`: `(n, k)`, at least one.
    pub fn new(rewards: &'a [f64], rows: &'a mut [f64], k: usize) -> Self {
        rows.fill(0.0);
        let (row, later) = rows.split_at_mut(k);
        Self { rewards, row, later: later.chunks_exact_mut(k) }
    }
}

impl Record for Sums<'_> {
    #[inline]
    fn stay(&mut self, vertex: u32, length: f64, _: f64) -> bool {
        let k = self.row.len();
        let here = &self.rewards[vertex as usize * k..][..k];
        self.row.iter_mut().zip(here).for_each(|(sum, reward)| *sum += reward * length);
        true
    }

    #[inline]
    fn end(&mut self, _: u32, _: f64) -> bool {
        match self.later.next() {
            Some(row) => {
                self.row = row;
                true
            }
            None => false,
        }
    }
}

/// The vertex at a time, or after a number of steps: `times[index % times.len()]` for each walk.
pub(super) struct Places<'a> {
    pub times: &'a [f64],
    pub index: usize,
    pub rows: IterMut<'a, u32>,
}

impl Record for Places<'_> {
    #[inline]
    fn stay(&mut self, _: u32, _: f64, now: f64) -> bool {
        now <= self.times[self.index]
    }

    #[inline]
    fn end(&mut self, vertex: u32, _: f64) -> bool {
        if let Some(row) = self.rows.next() {
            *row = vertex;
        }
        self.index = (self.index + 1) % self.times.len();
        self.rows.len() > 0
    }
}
