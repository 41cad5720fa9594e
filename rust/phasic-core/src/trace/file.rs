//! A trace as bytes: which arrays go into which section of the container.

use super::container::{Reader, Writer, check_seal, fail};
use super::{Trace, TraceKey, validate};
use crate::eliminate::Schedule;
use crate::section::Section;
use crate::{Error, Graph, VertexKind};

const N_SECTIONS: usize = 13;

impl Trace {
    /// The trace as a self-contained, checksummed byte string. See `docs/reference/trace-file.md`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (graph, schedule) = (&self.graph, &self.schedule);
        let meta = [
            graph.state_length as u64,
            graph.n_parameters as u64,
            u64::from(graph.normalized),
            graph.n_vertices() as u64,
        ];
        let mut writer = Writer::default();
        writer.numbers(&meta);
        writer.bytes(graph.kinds.iter().map(|&kind| kind as u8).collect());
        writer.numbers(&graph.states);
        writer.numbers(&graph.offsets);
        writer.numbers(&graph.targets);
        writer.numbers(&graph.rows);
        writer.numbers(&graph.row_bases);
        writer.numbers(&graph.row_coefficients);
        writer.numbers(&schedule.pivots);
        writer.numbers(&schedule.blocks);
        writer.numbers(&schedule.rows);
        writer.numbers(&schedule.splits);
        writer.numbers(&schedule.columns);
        writer.seal(self.key)
    }

    /// Reads what [`Self::to_bytes`] wrote, from bytes that may go away: as [`Self::from_owner`],
    /// with one copy of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let key = check_seal(bytes, N_SECTIONS)?;
        Self::open(key, Section::aligned(bytes))
    }

    /// Reads what [`Self::to_bytes`] wrote and keeps `owner`: the arrays of the trace are views of
    /// its bytes, nothing is copied (where the bytes are not aligned to 8, or the machine is
    /// big-endian, arrays are decoded instead). The bytes must not change any more.
    ///
    /// Every length, index and order is checked before use, the digest and the key are recomputed,
    /// and the pattern is checked to be closed under elimination: bytes that pass cannot make any
    /// later call read outside its arrays or lose an entry. Cost: two hashes and two passes over
    /// the bytes. Errors: [`Error::TraceFormat`].
    pub fn from_owner(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self, Error> {
        let bytes = Section::of(owner);
        let key = check_seal(&bytes, N_SECTIONS)?;
        Self::open(key, bytes)
    }

    fn open(key: TraceKey, bytes: Section<u8>) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes, N_SECTIONS);
        let meta = reader.numbers("meta")?;
        let &[state_length, n_parameters, normalized, n_vertices] = &*meta else {
            return fail("the meta section has another length");
        };
        let graph = Graph {
            state_length: size(state_length)?,
            n_parameters: size(n_parameters)?,
            normalized: flag(normalized)?,
            kinds: kinds(reader.bytes("kinds")?)?,
            states: reader.numbers("states")?,
            offsets: reader.numbers("edge offsets")?,
            targets: reader.numbers("edge targets")?,
            rows: reader.numbers("edge rows")?,
            row_bases: reader.numbers("row bases")?,
            row_coefficients: reader.numbers("row coefficients")?,
        };
        let schedule = Schedule {
            pivots: reader.numbers("pivots")?,
            blocks: reader.numbers("blocks")?,
            rows: reader.numbers("factor rows")?,
            splits: reader.numbers("factor splits")?,
            columns: reader.numbers("factor columns")?,
        };
        reader.finish()?;
        if graph.n_vertices() != size(n_vertices)? {
            return fail("the number of vertices differs from the meta section");
        }
        validate::graph(&graph)?;
        if TraceKey::of(&graph) != key {
            return fail("the key is not the content hash of the graph");
        }
        let layout = validate::schedule(&graph, &schedule)?;
        Ok(Self { key, graph, schedule, layout })
    }
}

fn size(value: u64) -> Result<usize, Error> {
    if value > u64::from(u32::MAX) { fail("a size is out of range") } else { Ok(value as usize) }
}

fn flag(value: u64) -> Result<bool, Error> {
    if value > 1 { fail("a flag is neither 0 nor 1") } else { Ok(value == 1) }
}

fn kinds(bytes: &[u8]) -> Result<Section<VertexKind>, Error> {
    let kinds: Option<Vec<_>> = bytes.iter().map(|&b| VertexKind::from_byte(b)).collect();
    kinds.map_or_else(|| fail("a vertex is of an unknown kind"), |kinds| Ok(kinds.into()))
}
