//! A fill-reducing order inside one component.

use amd::Control;

use super::dissection::nested_dissection;
use super::fill::{Filler, Rows};
use super::pattern::{Mesh, Pattern};
use crate::{Error, Interrupt};

/// How to order the vertices inside a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Minimum degree, or nested dissection where that takes fewer multiply-adds.
    Cheapest,
    /// As in the canonical graph.
    Canonical,
    /// Approximate minimum degree everywhere.
    MinimumDegree,
    /// Nested dissection everywhere: shallow, often at the price of more multiply-adds.
    Dissection,
}

/// Components of fewer vertices are not dissected for the sake of cost.
const LARGE: usize = 500;
/// Nor are those that minimum degree eliminates in fewer multiply-adds than this times n^1.5, the
/// growth of a dissected planar mesh (Lipton, Rose & Tarjan 1979): dissection gains nothing there.
const PLANAR: f64 = 40.0;

/// The order of a component that is planned; [`Order::Cheapest`] may dissect it later.
pub(super) fn first(
    pattern: &Pattern,
    order: Order,
    interrupt: &Interrupt,
) -> Result<Vec<u32>, Error> {
    match order {
        Order::Canonical => Ok((0..pattern.len() as u32).collect()),
        Order::Dissection => nested_dissection(pattern, interrupt),
        Order::MinimumDegree | Order::Cheapest => Ok(minimum_degree(pattern)),
    }
}

/// Adds the rows of a component to `rows`, eliminated as planned. A dissection that takes fewer
/// multiply-adds replaces them; its order is then returned.
pub(super) fn fill_cheapest(
    filler: &mut Filler,
    pattern: &Pattern,
    planned: &[u32],
    rows: &mut Rows,
    interrupt: &Interrupt,
) -> Result<Option<Vec<u32>>, Error> {
    let first = rows.ends.len();
    let work = filler.fill(pattern, planned, u64::MAX, rows, interrupt)?;
    let work = work.expect("without a limit the elimination goes to its end");
    let planar = PLANAR * (pattern.len() as f64).powf(1.5);
    if pattern.len() < LARGE || work as f64 <= planar {
        return Ok(None);
    }
    let other = nested_dissection(pattern, interrupt)?;
    let mut alone = Rows::default();
    if filler.fill(pattern, &other, work - 1, &mut alone, interrupt)?.is_none() {
        return Ok(None);
    }
    rows.truncate(first);
    rows.append(&alone)?;
    Ok(Some(other))
}

/// Approximate minimum-degree order (Amestoy, Davis & Duff 1996) of the pattern of A + Aᵀ.
pub(crate) fn minimum_degree(pattern: &Pattern) -> Vec<u32> {
    let rows = (0..pattern.len()).map(|vertex| pattern.row(vertex));
    approximate(pattern.len(), pattern.n_edges(), rows)
}

/// As [`minimum_degree`], of a mesh.
pub(super) fn minimum_degree_of(mesh: &Mesh) -> Vec<u32> {
    let rows = (0..mesh.len()).map(|vertex| mesh.neighbours(vertex));
    approximate(mesh.len(), mesh.neighbours.len(), rows)
}

fn approximate<'a>(n: usize, n_edges: usize, rows: impl Iterator<Item = &'a [u32]>) -> Vec<u32> {
    if n <= 2 {
        return (0..n as u32).collect();
    }
    let mut starts = Vec::with_capacity(n + 1);
    starts.push(0_i64);
    let mut columns = Vec::with_capacity(n_edges);
    for row in rows {
        columns.extend(row.iter().map(|&column| i64::from(column)));
        starts.push(columns.len() as i64);
    }
    let (order, _, _) = amd::order(n as i64, &starts, &columns, &Control::default())
        .expect("the columns of every row are sorted and in range");
    order.into_iter().map(|index| index as u32).collect()
}
