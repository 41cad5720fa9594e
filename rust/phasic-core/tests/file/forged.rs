//! Hostile contents under right checksums and the right key.

use super::forge::{
    BASES, BLOCKS, COEFFICIENTS, COLUMNS, FACTOR_ROWS, Forgery, KINDS, META, OFFSETS, PIVOTS, ROWS,
    SPLITS, STATES, TARGETS,
};
use super::{bytes, refused, sample};
use phasic_benches::{kingman, reset_chain, tandem};

/// One test for each forgery of [`sample`]: its name, the reason, what is forged.
macro_rules! forged {
    ($($name:ident: $reason:literal, $forge:expr;)*) => {$(
        #[test]
        fn $name() {
            let mut forgery = Forgery::of(&sample());
            let forge: fn(&mut Forgery) = $forge;
            forge(&mut forgery);
            refused(&forgery.seal(), $reason);
        }
    )*};
}

// Meta.
forged! {
    meta_cut_short: "the meta section", |f| f.sections[META].truncate(24);
    meta_too_long: "the meta section", |f| f.sections[META].extend([0; 8]);
    states_longer_than_they_are: "the states have another length", |f| f.set_u64(META, 0, 3);
    states_of_a_huge_length: "the states have another length",
        |f| f.set_u64(META, 0, u64::from(u32::MAX));
    state_length_out_of_range: "a size is out of range", |f| f.set_u64(META, 0, 1 << 60);
    states_without_entries: "not in canonical order", |f| {
        f.set_u64(META, 0, 0);
        f.sections[STATES].clear();
    };
    more_parameters_than_coefficients: "the coefficients do not fit", |f| f.set_u64(META, 1, 3);
    parameters_times_rows_beyond_memory: "the coefficients do not fit",
        |f| f.set_u64(META, 1, u64::from(u32::MAX));
    parameters_times_rows_overflow: "a size is out of range", |f| f.set_u64(META, 1, 1 << 63);
    a_flag_of_two: "a flag is neither 0 nor 1", |f| f.set_u64(META, 2, 2);
    another_number_of_vertices: "the number of vertices differs", |f| f.set_u64(META, 3, 13);
    a_huge_number_of_vertices: "a size is out of range", |f| f.set_u64(META, 3, u64::MAX);
}

// Vertices.
forged! {
    no_vertices: "the number of vertices", |f| {
        f.set_u64(META, 3, 0);
        f.sections.iter_mut().skip(1).for_each(Vec::clear);
    };
    a_million_vertices_without_state: "not in canonical order", |f| {
        f.set_u64(META, 0, 0);
        f.set_u64(META, 3, 1_000_000);
        f.sections[STATES].clear();
        f.sections[KINDS] = vec![1; 1_000_000];
        f.sections[KINDS][0] = 0;
    };
    an_unknown_kind_of_vertex: "unknown kind", |f| f.sections[KINDS][3] = 3;
    no_starting_vertex: "the first vertex is not the starting vertex", |f| f.sections[KINDS][0] = 1;
    two_starting_vertices: "more than one starting vertex", |f| f.sections[KINDS][1] = 0;
    kinds_unsorted: "not in canonical order", |f| f.sections[KINDS][2] = 2;
    states_cut_short: "the states have another length", |f| f.sections[STATES].truncate(8);
    states_unsorted: "not in canonical order", |f| f.sections[STATES][8..24].rotate_left(8);
    a_vertex_twice: "not in canonical order", |f| f.sections[STATES].copy_within(8..16, 16);
}

// Edges.
forged! {
    edge_offsets_falling: "the edge offsets are wrong", |f| f.set_u32(OFFSETS, 3, 0);
    edge_offsets_beyond_the_edges: "the edge offsets are wrong", |f| f.set_u32(OFFSETS, 3, 1 << 31);
    edge_offsets_from_one: "the edge offsets are wrong", |f| f.set_u32(OFFSETS, 0, 1);
    edge_offsets_cut_short: "the edge offsets are wrong", |f| {
        f.sections[OFFSETS].drain(4..8);
    };
    edge_offsets_short_of_the_edges: "the edge offsets are wrong", |f| {
        let last = f.u32s(OFFSETS).len() - 1;
        f.set_u32(OFFSETS, last, 1);
    };
    an_edge_to_no_vertex: "an edge leads", |f| f.set_u32(TARGETS, 5, 15);
    an_edge_to_the_largest_index: "an edge leads", |f| f.set_u32(TARGETS, 5, u32::MAX);
    an_edge_into_the_start: "an edge leads", |f| f.set_u32(TARGETS, 0, 0);
    targets_unsorted: "the edges are not in canonical order", |f| {
        let vertex = (0..15).find(|&v| f.u32s(OFFSETS)[v + 1] - f.u32s(OFFSETS)[v] > 1).unwrap();
        let first = f.u32s(OFFSETS)[vertex] as usize;
        f.sections[TARGETS][4 * first..][..8].rotate_left(4);
    };
    an_edge_twice: "the edges are not in canonical order", |f| {
        let vertex = (0..15).find(|&v| f.u32s(OFFSETS)[v + 1] - f.u32s(OFFSETS)[v] > 1).unwrap();
        let first = f.u32s(OFFSETS)[vertex] as usize;
        f.sections[TARGETS].copy_within(4 * first..4 * first + 4, 4 * first + 4);
    };
    the_edges_of_two_vertices_as_one: "edge", |f| f.set_u32(OFFSETS, 3, f.u32s(OFFSETS)[4]);
    fewer_rows_than_edges: "the edges and their rows differ", |f| f.sections[ROWS].truncate(8);
}

// Weights.
forged! {
    a_row_of_weights_out_of_range: "an edge has no row of weights", |f| {
        let last = f.u32s(ROWS).len() - 1;
        f.set_u32(ROWS, last, 1000);
    };
    a_row_of_weights_before_its_turn: "not numbered in order of use", |f| f.set_u32(ROWS, 0, 1);
    an_unused_row_of_weights: "not numbered in order of use", |f| {
        f.sections[BASES].extend(1.0_f64.to_le_bytes());
        f.sections[COEFFICIENTS].extend([0; 16]);
    };
    no_rows_of_weights: "an edge has no row of weights", |f| {
        f.sections[BASES].clear();
        f.sections[COEFFICIENTS].clear();
    };
    a_coefficient_too_many: "the coefficients do not fit", |f| f.sections[COEFFICIENTS].extend([0; 8]);
    a_base_that_is_nan: "a weight is not finite", |f| f.set_u64(BASES, 0, f64::NAN.to_bits());
    an_infinite_base: "a weight is not finite", |f| f.set_u64(BASES, 0, f64::INFINITY.to_bits());
    an_infinite_coefficient: "a weight is not finite",
        |f| f.set_u64(COEFFICIENTS, 1, f64::NEG_INFINITY.to_bits());
    a_signalling_nan: "a weight is not finite", |f| f.set_u64(COEFFICIENTS, 1, 0x7FF0_0000_0000_0001);
    a_negative_zero: "a negative zero", |f| f.set_u64(COEFFICIENTS, 0, (-0.0_f64).to_bits());
}

// Pivots and blocks.
forged! {
    a_pivot_twice: "a pivot is not a transient vertex, or occurs twice",
        |f| f.set_u32(PIVOTS, 1, f.u32s(PIVOTS)[0]);
    a_pivot_that_is_no_vertex: "a pivot is not a transient vertex", |f| f.set_u32(PIVOTS, 1, 15);
    a_pivot_of_the_largest_index: "a pivot is not a transient vertex",
        |f| f.set_u32(PIVOTS, 1, u32::MAX);
    the_starting_vertex_as_pivot: "a pivot is not a transient vertex", |f| f.set_u32(PIVOTS, 1, 0);
    an_absorbing_vertex_as_pivot: "a pivot is not a transient vertex", |f| {
        let offsets = f.u32s(OFFSETS);
        let absorbing = (1..15).find(|&v| offsets[v] == offsets[v + 1]).unwrap();
        f.set_u32(PIVOTS, 1, absorbing as u32);
    };
    a_pivot_missing: "a transient vertex is never eliminated", |f| {
        f.sections[PIVOTS].truncate(4 * 11);
        f.sections[SPLITS].truncate(4 * 11);
        f.sections[FACTOR_ROWS].truncate(4 * 12);
        let n_entries = f.u32s(FACTOR_ROWS)[11] as usize;
        f.sections[COLUMNS].truncate(4 * n_entries);
        f.set_u32s(BLOCKS, &[0, 5, 9, 11]);
    };
    no_blocks: "the blocks do not partition", |f| f.sections[BLOCKS].clear();
    blocks_from_one: "the blocks do not partition", |f| f.set_u32(BLOCKS, 0, 1);
    blocks_short_of_the_pivots: "the blocks do not partition", |f| f.set_u32s(BLOCKS, &[0, 5, 9]);
    blocks_beyond_the_pivots: "the blocks do not partition", |f| f.set_u32s(BLOCKS, &[0, 5, 9, 13]);
    an_empty_block: "the blocks do not partition", |f| f.set_u32s(BLOCKS, &[0, 5, 5, 9, 12]);
    blocks_falling: "the blocks do not partition", |f| f.set_u32s(BLOCKS, &[0, 9, 5, 12]);
    a_component_cut_in_two: "a factor column is out of place",
        |f| f.set_u32s(BLOCKS, &[0, 2, 5, 9, 12]);
}

// The pattern of the factors.
forged! {
    factor_rows_falling: "the factor row offsets are wrong", |f| f.set_u32(FACTOR_ROWS, 2, 0);
    factor_rows_beyond_the_entries: "the factor row offsets are wrong",
        |f| f.set_u32(FACTOR_ROWS, 2, u32::MAX);
    factor_rows_cut_short: "the factor row offsets are wrong", |f| {
        f.sections[FACTOR_ROWS].drain(4..8);
    };
    splits_cut_short: "the splits have another length", |f| f.sections[SPLITS].truncate(4);
    a_split_after_its_row: "a split lies outside its row", |f| f.set_u32(SPLITS, 0, 5);
    a_split_before_its_row: "a split lies outside its row", |f| f.set_u32(SPLITS, 2, 0);
    a_split_that_is_no_entry: "a split lies outside its row", |f| f.set_u32(SPLITS, 2, u32::MAX);
    a_split_on_the_wrong_side: "a factor column is out of place",
        |f| f.set_u32(SPLITS, 0, f.u32s(FACTOR_ROWS)[1]);
    a_column_in_another_block: "a factor column is out of place", |f| f.set_u32(COLUMNS, 0, 6);
    a_column_that_is_no_position: "a factor column is out of place",
        |f| f.set_u32(COLUMNS, 0, u32::MAX);
    the_pivot_as_its_own_column: "a factor column is out of place", |f| f.set_u32(COLUMNS, 0, 0);
    columns_unsorted: "a factor column is out of place", |f| {
        let (rows, splits) = (f.u32s(FACTOR_ROWS), f.u32s(SPLITS));
        let row = (0..12).find(|&row| rows[row + 1] - splits[row] > 1 || splits[row] - rows[row] > 1);
        let row = row.unwrap();
        let first = if rows[row + 1] - splits[row] > 1 { splits[row] } else { rows[row] } as usize;
        f.sections[COLUMNS][4 * first..][..8].rotate_left(4);
    };
}

/// Removes one entry of the factors and keeps the offsets right.
fn remove_entry(forgery: &mut Forgery, entry: usize) {
    forgery.sections[COLUMNS].drain(4 * entry..4 * entry + 4);
    for id in [FACTOR_ROWS, SPLITS] {
        let moved = forgery.u32s(id).into_iter().map(|at| at - u32::from(at as usize > entry));
        let moved: Vec<u32> = moved.collect();
        forgery.set_u32s(id, &moved);
    }
}

#[test]
fn an_edge_missing_from_the_pattern() {
    let mut forgery = Forgery::of(&sample());
    remove_entry(&mut forgery, 0);
    refused(&forgery.seal(), "an edge is missing from the pattern");
}

#[test]
fn any_entry_missing_from_a_pattern_with_fill() {
    let forgery = Forgery::of(&bytes(&tandem(3)));
    let mut by_fill = 0;
    for entry in 0..forgery.u32s(COLUMNS).len() {
        let mut forged = forgery.clone();
        remove_entry(&mut forged, entry);
        let error = phasic_core::Trace::from_bytes(&forged.seal()).unwrap_err().to_string();
        assert!(error.contains("missing from the pattern"), "{error}");
        by_fill += usize::from(error.contains("filled by elimination"));
    }
    assert!(by_fill > 0, "the model has fill");
}

#[test]
fn blocks_against_the_edges() {
    let mut forgery = Forgery::of(&bytes(&kingman(4)));
    forgery.sections[PIVOTS][..8].rotate_left(4);
    refused(&forgery.seal(), "the blocks are not in topological order");
}

#[test]
fn a_closed_class() {
    // Vertices: start, 0, 1, 2. Without the edge from 1 to 2 nothing leads to 2.
    let mut forgery = Forgery::of(&bytes(&reset_chain(2)));
    assert_eq!(forgery.u32s(TARGETS), [1, 1, 2, 1, 3]);
    forgery.set_u32s(TARGETS, &[1, 1, 2, 1]);
    forgery.sections[ROWS].truncate(16);
    forgery.set_u32s(OFFSETS, &[0, 1, 3, 4, 4]);
    refused(&forgery.seal(), "a vertex cannot reach an absorbing one");
}

#[test]
fn a_vertex_with_only_a_loop() {
    let mut forgery = Forgery::of(&bytes(&reset_chain(1)));
    assert_eq!(forgery.u32s(TARGETS), [1, 1, 2]);
    forgery.set_u32s(TARGETS, &[1, 1]);
    forgery.sections[ROWS].truncate(8);
    forgery.set_u32s(OFFSETS, &[0, 1, 2, 2]);
    refused(&forgery.seal(), "a vertex cannot reach an absorbing one");
}

#[test]
fn a_start_that_leads_nowhere() {
    let mut forgery = Forgery::of(&bytes(&reset_chain(1)));
    forgery.set_u32s(TARGETS, &[1, 2]);
    forgery.set_u32s(ROWS, &[0, 0]);
    forgery.sections[BASES].truncate(8);
    forgery.set_u32s(OFFSETS, &[0, 0, 2, 2]);
    refused(&forgery.seal(), "the starting vertex has no edges");
}
