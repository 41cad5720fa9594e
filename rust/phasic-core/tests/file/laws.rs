//! What is accepted: exactly what was written, read without copies, with the numbers of its graph.

use std::sync::Arc;

use super::forge::{
    COLUMNS, ELEMENTS, FACTOR_ROWS, Forgery, N_SECTIONS, SPLITS, evaluate, section,
};
use super::{bytes, sample, samples};
use phasic_benches::tandem;
use phasic_core::Trace;
use proptest::prelude::*;

#[test]
fn the_page_describes_what_is_written() {
    for file in samples() {
        assert_eq!(Forgery::of(&file).seal(), file);
    }
}

#[test]
fn reading_undoes_writing() {
    for file in samples() {
        assert_eq!(Trace::from_bytes(&file).unwrap().to_bytes(), file);
        assert_eq!(Trace::from_owner(file.clone()).unwrap().to_bytes(), file);
    }
}

/// Bytes from some place on.
#[derive(Clone)]
struct Owner(Arc<Vec<u8>>, usize);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0[self.1..]
    }
}

#[test]
fn bytes_at_any_address_can_be_read() {
    let file = sample();
    for shift in 0..16 {
        let shifted = Owner(Arc::new([vec![0; shift], file.clone()].concat()), shift);
        assert_eq!(Trace::from_owner(shifted).unwrap().to_bytes(), file);
    }
}

#[test]
fn a_trace_keeps_the_bytes_it_views_and_no_longer() {
    let held = Arc::new(sample());
    let trace = Trace::from_owner(Owner(held.clone(), 0)).unwrap();
    let copy = trace.clone();
    drop(trace);
    assert_eq!(Arc::strong_count(&held), 2);
    assert_eq!(copy.to_bytes(), *held);
    drop(copy);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn sections_are_aligned_and_apart() {
    for file in samples() {
        let mut end = 0;
        for id in 0..N_SECTIONS {
            let range = section(&file, id);
            assert!(range.start.is_multiple_of(64) && range.start >= end);
            end = range.end;
        }
        assert_eq!(end, file.len());
    }
}

#[test]
fn entries_that_nothing_fills_change_no_number() {
    // Every row of the one block made full: more work, the same answers.
    let mut forgery = Forgery::of(&bytes(&tandem(2)));
    let n = forgery.u32s(SPLITS).len() as u32;
    let columns: Vec<u32> =
        (0..n).flat_map(|row| (0..n).filter(move |&column| column != row)).collect();
    let rows: Vec<u32> = (0..=n).map(|row| row * (n - 1)).collect();
    let splits: Vec<u32> = (0..n).map(|row| row * (n - 1) + row).collect();
    assert!(columns.len() > forgery.u32s(COLUMNS).len());
    forgery.set_u32s(COLUMNS, &columns);
    forgery.set_u32s(FACTOR_ROWS, &rows);
    forgery.set_u32s(SPLITS, &splits);
    evaluate(&Trace::from_bytes(&forgery.seal()).unwrap());
}

/// A change of one element: which section, where, and the new value from its old one.
type Change = (usize, prop::sample::Index, i64, bool);

fn change() -> impl Strategy<Value = Change> {
    let step = prop_oneof![-2_i64..3, any::<i64>(), Just(1 << 52), Just(-(1 << 50))];
    (0..N_SECTIONS, any::<prop::sample::Index>(), step, any::<bool>())
}

fn apply(forgery: &mut Forgery, (id, index, step, replace): Change) {
    let (size, bytes) = (ELEMENTS[id], &mut forgery.sections[id]);
    if bytes.is_empty() {
        return;
    }
    let at = index.index(bytes.len() / size) * size;
    let mut word = [0; 8];
    word[..size].copy_from_slice(&bytes[at..at + size]);
    let old = if replace { 0 } else { i64::from_le_bytes(word) };
    bytes[at..at + size].copy_from_slice(&old.wrapping_add(step).to_le_bytes()[..size]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]

    #[test]
    fn any_forgery_is_an_error_or_has_the_numbers_of_its_graph(
        model in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let mut forgery = Forgery::of(&model.get(&samples()[..])[..]);
        changes.into_iter().for_each(|change| apply(&mut forgery, change));
        if let Ok(trace) = Trace::from_bytes(&forgery.seal()) {
            evaluate(&trace);
        }
    }

    #[test]
    fn any_table_is_an_error_or_the_right_one(
        at in 192_usize..504,
        mask in 1_u8..,
    ) {
        let mut file = sample();
        file[at] ^= mask;
        super::forge::reseal(&mut file);
        prop_assert!(Trace::from_bytes(&file).is_err());
    }
}
