//! Symbolic elimination: which vertex goes when, and which entries that fills.
//!
//! Block-triangular form first (strongly connected components in topological order), then an
//! approximate minimum-degree order inside each component. Edges between components are never
//! touched by elimination.

pub(crate) mod components;
pub(crate) mod order;
mod pattern;

pub(crate) use pattern::{ABSORBED, Schedule};
