//! Forges trace files: any content under a right seal. Written from `docs/reference/trace-file.md`
//! alone, so that it also checks the page. Shared by the tests and the fuzz targets.

use std::ops::Range;

use phasic_core::{
    Absorption, Error, Frozen, GraphBuilder, Moments, Trace, TraceKey, VertexId, VertexKind,
};

pub const HEADER: usize = 192;
pub const N_SECTIONS: usize = 13;
/// Where the sections start.
pub const BODY: usize = 512;
/// Bytes per element of each section.
pub const ELEMENTS: [usize; N_SECTIONS] = [8, 1, 4, 4, 4, 4, 8, 8, 4, 4, 4, 4, 4];

pub const META: usize = 0;
pub const KINDS: usize = 1;
pub const STATES: usize = 2;
pub const OFFSETS: usize = 3;
pub const TARGETS: usize = 4;
pub const ROWS: usize = 5;
pub const BASES: usize = 6;
pub const COEFFICIENTS: usize = 7;
pub const PIVOTS: usize = 8;
pub const BLOCKS: usize = 9;
pub const FACTOR_ROWS: usize = 10;
pub const SPLITS: usize = 11;
pub const COLUMNS: usize = 12;

/// The sections of a trace, to be changed and sealed again.
#[derive(Clone)]
pub struct Forgery {
    pub engine: [u8; 64],
    pub sections: Vec<Vec<u8>>,
}

impl Forgery {
    pub fn of(trace: &[u8]) -> Self {
        let sections = (0..N_SECTIONS).map(|id| trace[section(trace, id)].to_vec()).collect();
        Self { engine: trace[96..160].try_into().expect("64 bytes"), sections }
    }

    pub fn u32s(&self, id: usize) -> Vec<u32> {
        let words = self.sections[id].chunks_exact(4);
        words.map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes"))).collect()
    }

    pub fn set_u32s(&mut self, id: usize, values: &[u32]) {
        self.sections[id] = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    }

    /// Changes one number of a section of 32-bit numbers.
    pub fn set_u32(&mut self, id: usize, index: usize, value: u32) {
        self.sections[id][4 * index..][..4].copy_from_slice(&value.to_le_bytes());
    }

    /// Changes one number of a section of 64-bit numbers.
    pub fn set_u64(&mut self, id: usize, index: usize, value: u64) {
        self.sections[id][8 * index..][..8].copy_from_slice(&value.to_le_bytes());
    }

    /// A file with these sections, right in every checksum, length, offset and in the key.
    pub fn seal(&self) -> Vec<u8> {
        let mut file = vec![0; HEADER + 24 * N_SECTIONS];
        for (id, bytes) in self.sections.iter().enumerate() {
            file.resize(file.len().next_multiple_of(64), 0);
            let offset = file.len() as u64;
            let entry = &mut file[HEADER + 24 * id..][..24];
            entry[..4].copy_from_slice(&(id as u32 + 1).to_le_bytes());
            entry[4..8].copy_from_slice(&(ELEMENTS[id] as u32).to_le_bytes());
            entry[8..16].copy_from_slice(&offset.to_le_bytes());
            entry[16..].copy_from_slice(&((bytes.len() / ELEMENTS[id]) as u64).to_le_bytes());
            file.extend_from_slice(bytes);
        }
        file[..8].copy_from_slice(b"\x89PHX\r\n\x1a\n");
        file[8..16].copy_from_slice(&[2, 0, 0, 0, 1, 0, 0, 0]);
        file[16..20].copy_from_slice(&(HEADER as u32).to_le_bytes());
        file[20..24].copy_from_slice(&(N_SECTIONS as u32).to_le_bytes());
        let length = file.len() as u64;
        file[24..32].copy_from_slice(&length.to_le_bytes());
        file[32..64].copy_from_slice(&self.key());
        file[96..160].copy_from_slice(&self.engine);
        reseal(&mut file);
        file
    }

    /// The content hash of these sections.
    pub fn key(&self) -> [u8; 32] {
        let length = self.engine.iter().position(|&byte| byte == 0).unwrap_or(64);
        let mut hash = blake3::Hasher::new();
        hash.update(&(length as u64).to_le_bytes()).update(&self.engine[..length]);
        hash.update(&self.sections[META][..self.sections[META].len().min(24)]);
        for bytes in &self.sections[KINDS..=COEFFICIENTS] {
            hash.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        }
        *hash.finalize().as_bytes()
    }
}

/// The name of this engine as a header holds it.
pub fn engine() -> [u8; 64] {
    let mut graph = GraphBuilder::new(0);
    let (end, _) = graph.find_or_create(VertexKind::Ordinary, &[]).expect("a vertex");
    graph.add_edge(VertexId::START, end, 1.0, &[]).expect("an edge");
    let frozen = graph.freeze().expect("a graph");
    Forgery::of(&Trace::record(&frozen).expect("a trace").to_bytes()).engine
}

/// Where a section lies, by the table of the file.
pub fn section(file: &[u8], id: usize) -> Range<usize> {
    let number = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().expect("8 bytes"));
    let entry = HEADER + 24 * id;
    let start = number(entry + 8) as usize;
    start..start + number(entry + 16) as usize * ELEMENTS[id]
}

/// Makes both checksums right, whatever else is wrong.
pub fn reseal(file: &mut [u8]) {
    let digest = blake3::hash(&file[HEADER..]);
    file[64..96].copy_from_slice(digest.as_bytes());
    let check = blake3::hash(&file[..188]);
    file[188..192].copy_from_slice(&check.as_bytes()[..4]);
}

/// Evaluates a trace that was read, and compares it with the trace recorded from its graph.
///
/// Panics if they differ. Errors of the model (a negative weight, a closed class) are fine.
pub fn evaluate(trace: &Trace) {
    if trace.n_parameters() > 64 {
        return;
    }
    assert!(Trace::from_bytes(&trace.to_bytes()).is_ok(), "what was read can be written");
    let vertices: Vec<u32> = (0..trace.n_vertices() as u32).collect();
    let graph = trace.graph().clone();
    let key = TraceKey::of(&graph);
    let frozen = Frozen { graph, key, canonical: vertices.clone(), original: vertices };
    let recorded = Trace::record(&frozen).expect("a valid graph can be recorded");
    assert_eq!(recorded.key(), trace.key());
    let theta = vec![1.0; trace.n_parameters()];
    let values = [trace, &recorded].map(|trace| moments(trace, &theta));
    let Ok(weights) = trace.graph().weights(&theta) else { return };
    let moderate = |weight: &f64| *weight == 0.0 || (1e-6..1e6).contains(weight);
    if weights.rows.iter().all(moderate) {
        match &values {
            // Two orders of elimination, each subtraction-free.
            [Ok(a), Ok(b)] => assert!(
                a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs()),
                "{a:?} and {b:?} differ"
            ),
            [a, b] => assert_eq!(a.is_err(), b.is_err(), "{a:?} and {b:?} differ"),
        }
    }
    // A few jumps of the fastest edge: later times of a stiff chain take long.
    let fastest = weights.rows.iter().fold(f64::MIN_POSITIVE, |most, weight| most.max(*weight));
    let times = [0.0, 0.5 / fastest, 3.0 / fastest];
    let _ = Absorption::new(trace, &theta).and_then(|law| law.pdf(&times, 1e-10));
}

fn moments(trace: &Trace, theta: &[f64]) -> Result<Vec<f64>, Error> {
    let at = Moments::new(trace, theta)?;
    let _ = at.expectation_gradient(None)?;
    at.moments(2, None)
}
