//! The canonical order of vertices: by kind, then by state.

use super::VertexKind;

/// Bits of a vertex index in a sort key; the columns of its state take the others.
const INDEX_BITS: u32 = 32;

/// The vertices sorted by (kind, state), `(n,)`.
///
/// Kind and leading columns, offset by their least entry, are packed above the index into 128 bits,
/// so that most models are sorted as plain integers; columns that do not fit are compared after.
/// Cost: O(n log n) comparisons.
pub(super) fn canonical_order(kinds: &[VertexKind], cells: &[i32], width: usize) -> Vec<u32> {
    let fields = packed_fields(cells, width);
    let state = |key: u128| &cells[key as u32 as usize * width..][..width];
    let mut keys: Vec<u128> = kinds
        .iter()
        .enumerate()
        .map(|(index, &kind)| {
            let state = state(index as u128);
            let packed = fields.iter().zip(state).fold(kind as u128, |packed, (field, &cell)| {
                packed << field.bits | u128::from(cell.abs_diff(field.least))
            });
            packed << INDEX_BITS | index as u128
        })
        .collect();
    if fields.len() == width {
        keys.sort_unstable();
    } else {
        let rest = |key: u128| &state(key)[fields.len()..];
        keys.sort_unstable_by(|&a, &b| {
            let packed = (a >> INDEX_BITS).cmp(&(b >> INDEX_BITS));
            packed.then_with(|| rest(a).cmp(rest(b))).then(a.cmp(&b))
        });
    }
    keys.into_iter().map(|key| key as u32).collect()
}

/// How one column of the states is packed.
struct Field {
    least: i32,
    bits: u32,
}

/// The leading columns that fit beside kind and index.
fn packed_fields(cells: &[i32], width: usize) -> Vec<Field> {
    let mut ranges = vec![(i32::MAX, i32::MIN); width];
    for state in cells.chunks_exact(width.max(1)) {
        for (range, &cell) in ranges.iter_mut().zip(state) {
            *range = (range.0.min(cell), range.1.max(cell));
        }
    }
    let mut free = u128::BITS - INDEX_BITS - u8::BITS;
    let mut fields = Vec::with_capacity(width);
    for (least, most) in ranges {
        let bits = u32::BITS - most.abs_diff(least).leading_zeros();
        if bits > free {
            break;
        }
        free -= bits;
        fields.push(Field { least, bits });
    }
    fields
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The same order by the definition.
    fn obvious(kinds: &[VertexKind], cells: &[i32], width: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..kinds.len() as u32).collect();
        order.sort_by_key(|&v| (kinds[v as usize], &cells[v as usize * width..][..width]));
        order
    }

    /// Kinds and states: entries from a narrow range, so that some are equal, or from the widest.
    fn tables() -> impl Strategy<Value = (Vec<VertexKind>, Vec<i32>, usize)> {
        (0..9_usize, 0..40_usize).prop_flat_map(|(width, n)| {
            let kind = prop_oneof![Just(VertexKind::Ordinary), Just(VertexKind::Auxiliary)];
            let cell = prop_oneof![4 => -2..3, 1 => any::<i32>(), 1 => Just(i32::MIN)];
            (vec(kind, n), vec(cell, n * width), Just(width))
        })
    }

    proptest! {
        #[test]
        fn packed_keys_sort_as_states_do((kinds, cells, width) in tables()) {
            prop_assert_eq!(canonical_order(&kinds, &cells, width), obvious(&kinds, &cells, width));
        }
    }
}
