//! Hostile headers and section tables under right checksums.

use super::forge::{BODY, Forgery, HEADER, STATES, TARGETS, reseal, section};
use super::{bytes, refused, sample};
use phasic_benches::rabbits;

/// Changes the file, then makes its checksums right.
fn resealed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut file = sample();
    change(&mut file);
    reseal(&mut file);
    file
}

/// Overwrites bytes of the header.
fn header(at: usize, value: &[u8]) -> Vec<u8> {
    resealed(|file| file[at..at + value.len()].copy_from_slice(value))
}

/// Overwrites a field of the table entry of a section.
fn entry(id: usize, field: usize, value: &[u8]) -> Vec<u8> {
    header(HEADER + 24 * id + field, value)
}

const ID: usize = 0;
const ELEMENT: usize = 4;
const OFFSET: usize = 8;
const COUNT: usize = 16;

#[test]
fn another_magic() {
    refused(&header(0, b"SQLite f"), "magic");
}

#[test]
fn an_older_format() {
    refused(&header(8, &[1, 0]), "format version 1, but this phasic reads version 2");
}

#[test]
fn a_newer_format() {
    refused(&header(8, &[3, 0]), "format version 3, but this phasic reads version 2");
}

#[test]
fn a_newer_minor_format() {
    refused(&header(10, &[1, 0]), "later version");
}

#[test]
fn another_kind_of_file() {
    refused(&header(12, &[2, 0]), "not a trace");
}

#[test]
fn a_flag() {
    refused(&header(14, &[1, 0]), "later version");
}

#[test]
fn another_header_length() {
    refused(&header(16, &128_u32.to_le_bytes()), "another layout");
}

#[test]
fn one_section_fewer() {
    refused(&header(20, &12_u32.to_le_bytes()), "another layout");
}

#[test]
fn four_gibibytes_announced() {
    refused(&header(24, &(1_u64 << 32).to_le_bytes()), "cut short or too long");
}

#[test]
fn the_largest_length_announced() {
    refused(&header(24, &u64::MAX.to_le_bytes()), "cut short or too long");
}

#[test]
fn another_engine_is_named_beside_ours() {
    let mut engine = [0; 64];
    engine[..22].copy_from_slice(b"phasic/trace 9: oracle");
    let file = Forgery { engine, ..Forgery::of(&sample()) }.seal();
    refused(
        &file,
        "engine \"phasic/trace 9: oracle\" recorded it, but this is engine \"phasic/trace",
    );
}

#[test]
fn an_engine_that_ours_begins() {
    let mut forgery = Forgery::of(&sample());
    let end = forgery.engine.iter().position(|&byte| byte == 0).unwrap();
    forgery.engine[end] = b'1';
    refused(&forgery.seal(), "engine");
}

#[test]
fn an_engine_that_is_no_text() {
    refused(&header(96, &[0xFF; 64]), "engine");
}

#[test]
fn reserved_bytes_in_use() {
    refused(&header(160, &[1]), "later version");
}

#[test]
fn a_damaged_header() {
    let mut file = sample();
    file[40] ^= 1;
    refused(&file, "the header is damaged");
}

#[test]
fn a_damaged_body() {
    let mut file = sample();
    file[BODY] ^= 1;
    refused(&file, "the digest does not match");
}

#[test]
fn the_key_of_another_graph() {
    let other = bytes(&rabbits(2));
    refused(&header(32, &other[32..64]), "the key is not the content hash");
}

#[test]
fn two_entries_swapped() {
    let file = resealed(|file| {
        for field in 0..24 {
            file.swap(HEADER + 24 * STATES + field, HEADER + 24 * TARGETS + field);
        }
    });
    refused(&file, "the table entry of section states");
}

#[test]
fn two_contents_swapped() {
    let mut forgery = Forgery::of(&sample());
    forgery.sections.swap(STATES, TARGETS);
    refused(&forgery.seal(), "");
}

#[test]
fn overlapping_sections() {
    let start = section(&sample(), STATES).start as u64;
    refused(
        &entry(TARGETS, OFFSET, &start.to_le_bytes()),
        "the table entry of section edge targets",
    );
}

#[test]
fn an_offset_in_the_header() {
    refused(&entry(STATES, OFFSET, &0_u64.to_le_bytes()), "the table entry of section states");
}

#[test]
fn an_offset_beyond_the_file() {
    refused(
        &entry(STATES, OFFSET, &(1_u64 << 40).to_le_bytes()),
        "the table entry of section states",
    );
}

#[test]
fn the_largest_offset() {
    refused(&entry(STATES, OFFSET, &u64::MAX.to_le_bytes()), "the table entry of section states");
}

#[test]
fn an_unaligned_offset() {
    let start = section(&sample(), STATES).start as u64 + 1;
    refused(&entry(STATES, OFFSET, &start.to_le_bytes()), "the table entry of section states");
}

#[test]
fn an_aligned_offset_with_a_gap() {
    let start = section(&sample(), STATES).start as u64 + 64;
    refused(&entry(STATES, OFFSET, &start.to_le_bytes()), "the table entry of section states");
}

#[test]
fn a_count_of_two_to_the_sixty() {
    refused(
        &entry(STATES, COUNT, &(1_u64 << 60).to_le_bytes()),
        "the table entry of section states",
    );
}

#[test]
fn a_count_whose_length_overflows_to_zero() {
    refused(
        &entry(STATES, COUNT, &(1_u64 << 62).to_le_bytes()),
        "the table entry of section states",
    );
}

#[test]
fn a_count_whose_end_overflows() {
    let count = u64::MAX / 4;
    refused(&entry(STATES, COUNT, &count.to_le_bytes()), "the table entry of section states");
}

#[test]
fn a_count_beyond_the_file() {
    refused(&entry(STATES, COUNT, &10_000_u64.to_le_bytes()), "the table entry of section states");
}

#[test]
fn another_size_of_elements() {
    refused(&entry(STATES, ELEMENT, &8_u32.to_le_bytes()), "the table entry of section states");
}

#[test]
fn elements_of_size_zero() {
    refused(&entry(STATES, ELEMENT, &0_u32.to_le_bytes()), "the table entry of section states");
}

#[test]
fn an_unknown_section() {
    refused(&entry(STATES, ID, &99_u32.to_le_bytes()), "the table entry of section states");
}

#[test]
fn the_same_section_twice() {
    refused(&entry(STATES, ID, &2_u32.to_le_bytes()), "the table entry of section states");
}

#[test]
fn something_in_the_gap_after_the_table() {
    refused(&header(BODY - 1, &[1]), "the gap before section meta");
}

#[test]
fn something_in_the_gap_between_sections() {
    let gap = section(&sample(), STATES).start - 1;
    refused(&header(gap, &[1]), "the gap before section states");
}

#[test]
fn bytes_after_the_last_section() {
    let file = resealed(|file| {
        file.extend([0; 64]);
        let length = file.len() as u64;
        file[24..32].copy_from_slice(&length.to_le_bytes());
    });
    refused(&file, "bytes follow the last section");
}

#[test]
fn a_table_cut_short() {
    let file = resealed(|file| {
        file.truncate(HEADER + 100);
        let length = file.len() as u64;
        file[24..32].copy_from_slice(&length.to_le_bytes());
    });
    refused(&file, "the section table is cut short");
}
