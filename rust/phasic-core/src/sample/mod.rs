//! Random samples: absorption times, rewards, paths, and where the chain is at a time.
//!
//! A [`Sampler`] walks the graph at one θ. It needs no elimination: its tables take as long, and as
//! much memory, as the edges. A sample is decided by its [`Key`] alone: each run of 128 walks has a
//! stream of random numbers of its own, so that the number of threads changes nothing, and the first
//! walks of a long sample are those of a short one.

mod alias;
mod chain;
mod paths;
mod records;
mod sampler;
mod source;
#[cfg(test)]
mod tests;
mod threads;
mod walk;

pub use paths::Paths;
pub use sampler::Sampler;
pub use source::Key;
