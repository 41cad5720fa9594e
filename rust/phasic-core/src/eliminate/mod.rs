//! Symbolic elimination: which vertex goes when, and which entries that fills.
//!
//! Block-triangular form first (strongly connected components in topological order), then a
//! fill-reducing order inside each component: approximate minimum degree, or nested dissection
//! where that takes fewer multiply-adds. Edges between components are never touched by
//! elimination.
//!
//! A [`Plan`] holds the orders and the predicted cost, before any memory of the factor is taken; a
//! `Schedule` is what comes of it.

mod coarsen;
pub(crate) mod components;
mod cost;
mod counts;
mod dissection;
mod fill;
mod leaf;
pub(crate) mod order;
pub(crate) mod pattern;
mod plan;
mod refine;
mod schedule;
mod separator;
#[cfg(test)]
mod tests;

pub use cost::{Cost, Limits};
pub use order::Order;
pub use plan::Plan;
pub(crate) use schedule::{ABSORBED, Schedule};
