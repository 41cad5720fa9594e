//! A fill-reducing order inside one component.

use amd::Control;

/// Approximate minimum-degree order (Amestoy, Davis & Duff 1996) of a square pattern.
///
/// `rows[i]` lists the columns of row `i`, sorted, without the diagonal. Returns the index to
/// eliminate first, second, … `AMD` works on the pattern of A + Aᵀ.
pub(crate) fn minimum_degree(rows: &[Vec<u32>]) -> Vec<u32> {
    let n = rows.len();
    if n <= 2 {
        return (0..n as u32).collect();
    }
    let mut starts = Vec::with_capacity(n + 1);
    starts.push(0_i64);
    let mut columns = Vec::with_capacity(rows.iter().map(Vec::len).sum());
    for row in rows {
        columns.extend(row.iter().map(|&column| i64::from(column)));
        starts.push(columns.len() as i64);
    }
    let (order, _, _) = amd::order(n as i64, &starts, &columns, &Control::default())
        .expect("the columns of every row are sorted and in range");
    order.into_iter().map(|index| index as u32).collect()
}
