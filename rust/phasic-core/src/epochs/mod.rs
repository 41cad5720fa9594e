//! Chains whose rates change at fixed times: epoch by epoch, exact, with maps between state spaces.
//!
//! In epoch e, from `start[e]` on, the chain is a trace at its own θ. The row vector of probabilities
//! is handed from one epoch to the next, `α[e + 1] = α[e] e^{S D} M`, with D the epoch's duration and
//! M the map between the vertices of the two graphs. Nothing is stepped, and nothing subtracted.

mod arcs;
mod arrivals;
mod back;
mod columns;
mod gather;
mod gradient;
mod infinite;
mod jet;
mod law;
mod levels;
mod map;
mod moments;
mod passage;
mod run;
mod schedule;
mod stage;
mod taps;
#[cfg(test)]
mod tests;
mod trail;

pub use gradient::EpochGradient;
pub use map::Map;
pub use moments::Collected;
pub use passage::{Passed, propagate};
pub use schedule::{Epoch, Epochs};
