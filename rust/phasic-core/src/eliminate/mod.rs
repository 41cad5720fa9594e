//! Symbolic elimination: which vertex goes when, and which entries that fills.
//!
//! Block-triangular form first (strongly connected components in topological order), then a
//! fill-reducing order inside each component: approximate minimum degree, or nested dissection
//! where that takes fewer multiply-adds. Edges between components are never touched by
//! elimination.

mod coarsen;
pub(crate) mod components;
mod dissection;
mod fill;
mod leaf;
pub(crate) mod order;
mod pattern;
mod refine;
mod schedule;
mod separator;
#[cfg(test)]
mod tests;

pub use order::Order;
pub(crate) use schedule::{ABSORBED, Schedule};
