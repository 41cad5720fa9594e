//! A trace as bytes: a sealed header, a table of sections, raw little-endian arrays.
//!
//! ```text
//! 0    8   magic 89 50 48 58 0D 0A 1A 0A
//! 8    8   u16 format major, u16 format minor, u16 kind (1 = trace), u16 flags (0)
//! 16   16  u32 header length (128), u32 number of sections, u64 total length
//! 32   32  key: content hash of the graph
//! 64   32  BLAKE3-256 of bytes 128 to the end
//! 96   28  zero
//! 124  4   first bytes of the BLAKE3 of bytes 0 to 124
//! 128  …   section table: u32 id, u32 bytes per element, u64 offset, u64 elements; then the
//!          sections in the same order, each at a multiple of 64, gaps filled with zeros
//! ```

use super::{Trace, TraceKey, validate};
use crate::eliminate::Schedule;
use crate::{Error, Graph, VertexKind};

const MAGIC: [u8; 8] = *b"\x89PHX\r\n\x1a\n";
const MAJOR: u16 = 1;
const MINOR: u16 = 0;
const KIND_TRACE: u16 = 1;
const HEADER: usize = 128;
const ENTRY: usize = 24;
const ALIGNMENT: usize = 64;
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
        writer.section(&meta, u64::to_le_bytes);
        writer.section(&graph.kinds, |kind| [kind as u8]);
        writer.section(&graph.states, i32::to_le_bytes);
        writer.section(&graph.offsets, u32::to_le_bytes);
        writer.section(&graph.targets, u32::to_le_bytes);
        writer.section(&graph.rows, u32::to_le_bytes);
        writer.section(&graph.row_bases, f64::to_le_bytes);
        writer.section(&graph.row_coefficients, f64::to_le_bytes);
        writer.section(&schedule.pivots, u32::to_le_bytes);
        writer.section(&schedule.blocks, u32::to_le_bytes);
        writer.section(&schedule.rows, u32::to_le_bytes);
        writer.section(&schedule.splits, u32::to_le_bytes);
        writer.section(&schedule.columns, u32::to_le_bytes);
        writer.seal(self.key)
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// Every length, index and order is checked before use, the digest and the key are recomputed,
    /// and the pattern is checked to be closed under elimination: bytes that pass cannot make any
    /// later call read outside its arrays or lose an entry. Cost: one pass over the bytes and the
    /// multiply-adds of one elimination.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (key, mut reader) = open(bytes)?;
        let meta = reader.section("meta", u64::from_le_bytes)?;
        let &[state_length, n_parameters, normalized, n_vertices] = meta.as_slice() else {
            return fail("the meta section has another length");
        };
        let graph = Graph {
            state_length: size(state_length)?,
            n_parameters: size(n_parameters)?,
            normalized: flag(normalized)?,
            kinds: kinds(&reader.section("kinds", u8::from_le_bytes)?)?,
            states: reader.section("states", i32::from_le_bytes)?,
            offsets: reader.section("edge offsets", u32::from_le_bytes)?,
            targets: reader.section("edge targets", u32::from_le_bytes)?,
            rows: reader.section("edge rows", u32::from_le_bytes)?,
            row_bases: reader.section("row bases", f64::from_le_bytes)?,
            row_coefficients: reader.section("row coefficients", f64::from_le_bytes)?,
        };
        let schedule = Schedule {
            pivots: reader.section("pivots", u32::from_le_bytes)?,
            blocks: reader.section("blocks", u32::from_le_bytes)?,
            rows: reader.section("factor rows", u32::from_le_bytes)?,
            splits: reader.section("factor splits", u32::from_le_bytes)?,
            columns: reader.section("factor columns", u32::from_le_bytes)?,
        };
        reader.finish()?;
        if graph.n_vertices() != size(n_vertices)? {
            return fail("the number of vertices differs from the meta section");
        }
        validate::graph(&graph)?;
        validate::schedule(&graph, &schedule)?;
        if TraceKey::of(&graph) != key {
            return fail("the key is not the content hash of the graph");
        }
        Ok(Self::assemble(key, graph, schedule))
    }
}

pub(super) fn fail<T>(reason: impl Into<String>) -> Result<T, Error> {
    Err(Error::TraceFormat { reason: reason.into() })
}

fn size(value: u64) -> Result<usize, Error> {
    if value > u64::from(u32::MAX) { fail("a size is out of range") } else { Ok(value as usize) }
}

fn flag(value: u64) -> Result<bool, Error> {
    if value > 1 { fail("a flag is neither 0 nor 1") } else { Ok(value == 1) }
}

fn kinds(bytes: &[u8]) -> Result<Vec<VertexKind>, Error> {
    let kinds: Option<Vec<_>> = bytes.iter().map(|&b| VertexKind::from_byte(b)).collect();
    kinds.map_or_else(|| fail("a vertex is of an unknown kind"), Ok)
}

#[derive(Default)]
struct Writer {
    sections: Vec<(u32, u64, Vec<u8>)>,
}

impl Writer {
    fn section<T: Copy, const N: usize>(&mut self, values: &[T], encode: impl Fn(T) -> [u8; N]) {
        let bytes = values.iter().flat_map(|&value| encode(value)).collect();
        self.sections.push((N as u32, values.len() as u64, bytes));
    }

    fn seal(self, key: TraceKey) -> Vec<u8> {
        let mut out = vec![0; HEADER + ENTRY * self.sections.len()];
        for (index, (element, count, bytes)) in self.sections.iter().enumerate() {
            out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
            let offset = out.len() as u64;
            let entry = &mut out[HEADER + ENTRY * index..][..ENTRY];
            entry[..4].copy_from_slice(&(index as u32 + 1).to_le_bytes());
            entry[4..8].copy_from_slice(&element.to_le_bytes());
            entry[8..16].copy_from_slice(&offset.to_le_bytes());
            entry[16..].copy_from_slice(&count.to_le_bytes());
            out.extend_from_slice(bytes);
        }
        let total = out.len() as u64;
        out[..8].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&MAJOR.to_le_bytes());
        out[10..12].copy_from_slice(&MINOR.to_le_bytes());
        out[12..14].copy_from_slice(&KIND_TRACE.to_le_bytes());
        out[16..20].copy_from_slice(&(HEADER as u32).to_le_bytes());
        out[20..24].copy_from_slice(&(self.sections.len() as u32).to_le_bytes());
        out[24..32].copy_from_slice(&total.to_le_bytes());
        out[32..64].copy_from_slice(&key.0);
        let digest = blake3::hash(&out[HEADER..]);
        out[64..96].copy_from_slice(digest.as_bytes());
        let check = blake3::hash(&out[..124]);
        out[124..128].copy_from_slice(&check.as_bytes()[..4]);
        out
    }
}

/// The sections of a sealed file, taken in order.
struct Reader<'a> {
    bytes: &'a [u8],
    next: usize,
    /// End of the section before.
    end: usize,
}

/// Checks the header and the digest.
fn open(bytes: &[u8]) -> Result<(TraceKey, Reader<'_>), Error> {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return fail(format!("{} bytes are too few for a header", bytes.len()));
    };
    if header[..8] != MAGIC {
        return fail("it does not begin with the magic bytes of a phasic file");
    }
    let [major, kind] = [word16(header, 8), word16(header, 12)];
    if major != MAJOR {
        return fail(format!("format version {major}, but this phasic reads version {MAJOR}"));
    }
    if header[124..128] != blake3::hash(&header[..124]).as_bytes()[..4] {
        return fail("the header is damaged");
    }
    let plain = word16(header, 10) == MINOR && word16(header, 14) == 0;
    let zeros = header[96..124].iter().all(|&byte| byte == 0);
    let header_length = u32::from_le_bytes(array(&header[16..20])) as usize;
    let n_sections = u32::from_le_bytes(array(&header[20..24])) as usize;
    if kind != KIND_TRACE || !plain || !zeros {
        return fail("it is not a trace, or it uses features of a later version");
    }
    if header_length != HEADER || n_sections != N_SECTIONS {
        return fail("the header announces another layout");
    }
    if u64::from_le_bytes(array(&header[24..32])) != bytes.len() as u64 {
        return fail(format!("it is cut short or too long: {} bytes", bytes.len()));
    }
    if bytes.len() < HEADER + ENTRY * N_SECTIONS {
        return fail("the section table is cut short");
    }
    if header[64..96] != *blake3::hash(&bytes[HEADER..]).as_bytes() {
        return fail("the digest does not match: the contents are damaged");
    }
    let end = HEADER + ENTRY * N_SECTIONS;
    Ok((TraceKey(array(&header[32..64])), Reader { bytes, next: 0, end }))
}

impl Reader<'_> {
    fn section<T, const N: usize>(
        &mut self,
        name: &str,
        decode: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Error> {
        let entry = &self.bytes[HEADER + ENTRY * self.next..][..ENTRY];
        self.next += 1;
        let id = u32::from_le_bytes(array(&entry[..4])) as usize;
        let element = u32::from_le_bytes(array(&entry[4..8])) as usize;
        let offset = u64::from_le_bytes(array(&entry[8..16]));
        let count = u64::from_le_bytes(array(&entry[16..]));
        let start = self.end.next_multiple_of(ALIGNMENT);
        let end = count.checked_mul(N as u64).and_then(|length| length.checked_add(start as u64));
        let fits = end.filter(|&end| end <= self.bytes.len() as u64);
        let (Some(end), true) = (fits, id == self.next && element == N && offset == start as u64)
        else {
            return fail(format!("the table entry of section {name} is wrong"));
        };
        if self.bytes[self.end..start].iter().any(|&byte| byte != 0) {
            return fail(format!("the gap before section {name} is not empty"));
        }
        self.end = end as usize;
        let chunks = self.bytes[start..self.end].chunks_exact(N);
        Ok(chunks.map(|chunk| decode(array(chunk))).collect())
    }

    fn finish(self) -> Result<(), Error> {
        if self.end == self.bytes.len() { Ok(()) } else { fail("bytes follow the last section") }
    }
}

fn word16(header: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(array(&header[offset..offset + 2]))
}

fn array<const N: usize>(slice: &[u8]) -> [u8; N] {
    slice.try_into().expect("the caller cut the slice to length")
}
