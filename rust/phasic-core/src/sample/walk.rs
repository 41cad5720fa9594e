//! Walks from the starting vertex to an absorbing one, several side by side.

use super::chain::Chain;
use super::source::Source;
use super::threads::Stop;
use crate::Error;

/// What is kept of the walks of one stream, which follow one another.
pub(super) trait Record {
    /// A stay of this length at a vertex, which ends at `now`; false ends the walk there.
    fn stay(&mut self, vertex: u32, length: f64, now: f64) -> bool;

    /// The end of a walk, at an absorbing vertex or where the record ended it; vertex 0 for a walk
    /// that never starts. False if this was the last one.
    fn end(&mut self, vertex: u32, now: f64) -> bool;
}

/// A stream on its way.
struct Lane<R> {
    source: Source,
    record: R,
    vertex: u32,
    now: f64,
}

impl<R: Record> Lane<R> {
    /// One stay and one jump; false after the last walk.
    #[inline]
    fn step<const DISCRETE: bool>(&mut self, chain: &Chain) -> bool {
        let place = chain.place(self.vertex);
        if !place.is_end() {
            let length = place.stay::<DISCRETE>(&mut self.source);
            self.now += length;
            if self.record.stay(self.vertex, length, self.now) {
                self.vertex = chain.jump(place, &mut self.source);
                return true;
            }
        }
        let more = self.record.end(self.vertex, self.now);
        self.now = 0.0;
        self.vertex = chain.start(&mut self.source);
        more
    }
}

/// Walks every stream to its end and returns the records in the same order. Streams do not know of each other: they take turns so that one
/// can go on while another waits for memory.
///
/// `streams`: each with a record of at least one walk.
pub(super) fn walk<R: Record, const DISCRETE: bool>(
    chain: &Chain,
    streams: impl Iterator<Item = (Source, R)>,
    stop: &Stop,
) -> Result<Vec<R>, Error> {
    let started = streams.map(|(mut source, record)| {
        let vertex = chain.start(&mut source);
        Lane { source, record, vertex, now: 0.0 }
    });
    let mut lanes: Vec<Lane<R>> = started.collect();
    let mut live: Vec<&mut Lane<R>> = lanes.iter_mut().collect();
    while !live.is_empty() {
        if stop.wanted() {
            return Err(Error::Interrupted);
        }
        live.retain_mut(|lane| lane.step::<DISCRETE>(chain));
    }
    Ok(lanes.into_iter().map(|lane| lane.record).collect())
}
