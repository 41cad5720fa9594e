//! Accidents: cut, extended, and flipped files.

use super::forge::{BODY, HEADER, N_SECTIONS, section};
use super::{Numbers, bytes, refused, sample, samples};
use phasic_benches::kingman;
use phasic_core::{Error, Trace};

fn accepted(file: &[u8]) -> bool {
    !matches!(Trace::from_bytes(file), Err(Error::TraceFormat { .. }))
}

#[test]
fn an_empty_file() {
    refused(&[], "0 bytes are too few");
}

#[test]
fn a_header_alone() {
    refused(&sample()[..HEADER], "cut short");
}

#[test]
fn cut_at_every_section() {
    let file = sample();
    let cuts = (0..N_SECTIONS).flat_map(|id| [section(&file, id).start, section(&file, id).end]);
    let survivors: Vec<usize> =
        cuts.filter(|&cut| cut < file.len() && accepted(&file[..cut])).collect();
    assert_eq!(survivors, [0; 0]);
}

#[test]
fn cut_anywhere() {
    let file = bytes(&kingman(4));
    let survivors: Vec<usize> = (0..file.len()).filter(|&cut| accepted(&file[..cut])).collect();
    assert_eq!(survivors, [0; 0]);
}

#[test]
fn every_single_bit_flipped() {
    let mut file = bytes(&kingman(4));
    let mut survivors = Vec::new();
    for bit in 0..8 * file.len() {
        file[bit / 8] ^= 1 << (bit % 8);
        if accepted(&file) {
            survivors.push(bit);
        }
        file[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(survivors, [0; 0]);
}

#[test]
fn a_hundred_thousand_flips() {
    let files = samples();
    let mut numbers = Numbers(1);
    for _ in 0..100_000 {
        let mut file = files[numbers.below(files.len())].clone();
        let original = file.clone();
        for _ in 0..=numbers.below(3) {
            let bit = numbers.below(8 * file.len());
            file[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(file == original || !accepted(&file));
    }
}

#[test]
fn a_hundred_thousand_words_overwritten() {
    let files = samples();
    let mut numbers = Numbers(2);
    for _ in 0..100_000 {
        let mut file = files[numbers.below(files.len())].clone();
        let original = file.clone();
        let at = numbers.below(file.len() - 8);
        file[at..at + 8].fill(numbers.below(256) as u8);
        assert!(file == original || !accepted(&file));
    }
}

#[test]
fn a_byte_after_the_end() {
    let mut file = sample();
    file.push(0);
    refused(&file, "too long");
}

#[test]
fn two_files_in_a_row() {
    refused(&[sample(), sample()].concat(), "too long");
}

#[test]
fn sections_start_where_the_page_says() {
    assert_eq!(section(&sample(), 0).start, BODY);
}
