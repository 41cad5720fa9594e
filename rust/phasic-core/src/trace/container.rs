//! The sealed container: a header, a table of sections, raw little-endian arrays.
//!
//! ```text
//! 0    8   magic 89 50 48 58 0D 0A 1A 0A
//! 8    8   u16 format major, u16 format minor, u16 kind (1 = trace), u16 flags (0)
//! 16   16  u32 header length (192), u32 number of sections, u64 total length
//! 32   32  key: content hash of the graph
//! 64   32  BLAKE3-256 of bytes 192 to the end
//! 96   64  name of the engine, UTF-8, filled up with zeros
//! 160  28  zero
//! 188  4   first bytes of the BLAKE3 of bytes 0 to 188
//! 192  …   section table: u32 id, u32 bytes per element, u64 offset, u64 elements; then the
//!          sections in the same order, each at a multiple of 64, gaps filled with zeros
//! ```

use std::borrow::Cow;
use std::ops::Range;

use super::TraceKey;
use super::key::ENGINE;
use crate::Error;
use crate::section::{Number, Section, encoded};

const MAGIC: [u8; 8] = *b"\x89PHX\r\n\x1a\n";
const MAJOR: u16 = 2;
const MINOR: u16 = 0;
const KIND_TRACE: u16 = 1;
const HEADER: usize = 192;
const DIGEST: Range<usize> = 64..96;
const NAME: Range<usize> = 96..160;
const CHECK: usize = HEADER - 4;
const ENTRY: usize = 24;
const ALIGNMENT: usize = 64;

const _: () = assert!(ENGINE.len() <= NAME.end - NAME.start, "the engine's name has its place");

pub(super) fn fail<T>(reason: impl Into<String>) -> Result<T, Error> {
    Err(Error::TraceFormat { reason: reason.into() })
}

/// Collects sections and lays them out.
#[derive(Default)]
pub(super) struct Writer<'a> {
    sections: Vec<(u32, Cow<'a, [u8]>)>,
}

impl<'a> Writer<'a> {
    pub fn bytes(&mut self, bytes: Vec<u8>) {
        self.sections.push((1, bytes.into()));
    }

    pub fn numbers<T: Number>(&mut self, values: &'a [T]) {
        self.sections.push((size_of::<T>() as u32, encoded(values)));
    }

    pub fn seal(self, key: TraceKey) -> Vec<u8> {
        let table = HEADER + ENTRY * self.sections.len();
        let place = |end: usize, bytes: &[u8]| end.next_multiple_of(ALIGNMENT) + bytes.len();
        let total = self.sections.iter().fold(table, |end, (_, bytes)| place(end, bytes));
        let mut out = Vec::with_capacity(total);
        out.resize(table, 0);
        for (index, (element, bytes)) in self.sections.iter().enumerate() {
            out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
            let (offset, count) = (out.len() as u64, bytes.len() as u64 / u64::from(*element));
            let entry = &mut out[HEADER + ENTRY * index..][..ENTRY];
            entry[..4].copy_from_slice(&(index as u32 + 1).to_le_bytes());
            entry[4..8].copy_from_slice(&element.to_le_bytes());
            entry[8..16].copy_from_slice(&offset.to_le_bytes());
            entry[16..].copy_from_slice(&count.to_le_bytes());
            out.extend_from_slice(bytes);
        }
        out[..8].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&MAJOR.to_le_bytes());
        out[10..12].copy_from_slice(&MINOR.to_le_bytes());
        out[12..14].copy_from_slice(&KIND_TRACE.to_le_bytes());
        out[16..20].copy_from_slice(&(HEADER as u32).to_le_bytes());
        out[20..24].copy_from_slice(&(self.sections.len() as u32).to_le_bytes());
        out[24..32].copy_from_slice(&(total as u64).to_le_bytes());
        out[32..64].copy_from_slice(&key.0);
        let digest = crate::digest(&out[HEADER..]);
        out[DIGEST].copy_from_slice(&digest);
        out[NAME][..ENGINE.len()].copy_from_slice(ENGINE.as_bytes());
        let check = blake3::hash(&out[..CHECK]);
        out[CHECK..HEADER].copy_from_slice(&check.as_bytes()[..4]);
        out
    }
}

/// Checks the seal of a file: who wrote it, how long it is, that no bit has changed.
///
/// Allocates nothing that grows with the file. Returns the key that the header states.
pub(super) fn check_seal(bytes: &[u8], n_sections: usize) -> Result<TraceKey, Error> {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return fail(format!("{} bytes are too few for a header", bytes.len()));
    };
    if header[..8] != MAGIC {
        return fail("it does not begin with the magic bytes of a phasic file");
    }
    let [major, minor, kind, flags] = [8, 10, 12, 14].map(|at| word16(header, at));
    if major != MAJOR {
        return fail(format!("format version {major}, but this phasic reads version {MAJOR}"));
    }
    if header[CHECK..] != blake3::hash(&header[..CHECK]).as_bytes()[..4] {
        return fail("the header is damaged");
    }
    let (name, rest) = header[NAME].split_at(ENGINE.len());
    if name != ENGINE.as_bytes() || rest.iter().any(|&byte| byte != 0) {
        let other = String::from_utf8_lossy(&header[NAME]);
        let other = other.trim_end_matches('\0');
        return fail(format!("engine {other:?} recorded it, but this is engine {ENGINE:?}"));
    }
    let zeros = header[NAME.end..CHECK].iter().all(|&byte| byte == 0);
    if kind != KIND_TRACE || minor != MINOR || flags != 0 || !zeros {
        return fail("it is not a trace, or it uses features of a later version");
    }
    let [header_length, sections] = [16, 20].map(|at| word32(header, at) as usize);
    if header_length != HEADER || sections != n_sections {
        return fail("the header announces another layout");
    }
    if word64(header, 24) != bytes.len() as u64 {
        return fail(format!("it is cut short or too long: {} bytes", bytes.len()));
    }
    if bytes.len() < HEADER + ENTRY * n_sections {
        return fail("the section table is cut short");
    }
    if header[DIGEST] != crate::digest(&bytes[HEADER..]) {
        return fail("the digest does not match: the contents are damaged");
    }
    Ok(TraceKey(array(header, 32)))
}

/// The sections of a sealed file, taken in order.
pub(super) struct Reader {
    bytes: Section<u8>,
    next: usize,
    /// End of the section before.
    end: usize,
}

impl Reader {
    /// `bytes` have passed [`check_seal`] with this number of sections.
    pub fn new(bytes: Section<u8>, n_sections: usize) -> Self {
        Self { bytes, next: 0, end: HEADER + ENTRY * n_sections }
    }

    pub fn bytes(&mut self, name: &str) -> Result<&[u8], Error> {
        let range = self.range(name, 1)?;
        Ok(&self.bytes[range])
    }

    pub fn numbers<T: Number>(&mut self, name: &str) -> Result<Section<T>, Error> {
        let range = self.range(name, size_of::<T>())?;
        Ok(self.bytes.numbers(range))
    }

    /// Where the next section lies: exactly behind the one before, so that none can overlap.
    fn range(&mut self, name: &str, size: usize) -> Result<Range<usize>, Error> {
        let entry = &self.bytes[HEADER + ENTRY * self.next..][..ENTRY];
        self.next += 1;
        let [id, element] = [0, 4].map(|at| word32(entry, at) as usize);
        let [offset, count] = [8, 16].map(|at| word64(entry, at));
        let start = self.end.next_multiple_of(ALIGNMENT);
        let length = count.checked_mul(size as u64);
        let end = length.and_then(|length| length.checked_add(start as u64));
        let fits = end.filter(|&end| end <= self.bytes.len() as u64);
        let (Some(end), true) =
            (fits, id == self.next && element == size && offset == start as u64)
        else {
            return fail(format!("the table entry of section {name} is wrong"));
        };
        if self.bytes[self.end..start].iter().any(|&byte| byte != 0) {
            return fail(format!("the gap before section {name} is not empty"));
        }
        self.end = end as usize;
        Ok(start..self.end)
    }

    pub fn finish(self) -> Result<(), Error> {
        if self.end == self.bytes.len() { Ok(()) } else { fail("bytes follow the last section") }
    }
}

fn word16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array(bytes, at))
}

fn word32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

fn word64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("the slice has this length")
}
