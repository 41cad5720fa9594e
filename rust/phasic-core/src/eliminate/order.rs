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

/// Orders and eliminates blocks one after the other.
#[derive(Default)]
pub(super) struct Orderer {
    filler: Filler,
}

impl Orderer {
    /// Adds the rows of one block to `rows`; the order in which it is eliminated.
    pub fn add(
        &mut self,
        pattern: &Pattern,
        order: Order,
        rows: &mut Rows,
        interrupt: &Interrupt,
    ) -> Result<Vec<u32>, Error> {
        let chosen = match order {
            Order::Canonical => (0..pattern.len() as u32).collect(),
            Order::Dissection => nested_dissection(pattern, interrupt)?,
            Order::MinimumDegree | Order::Cheapest => minimum_degree(pattern),
        };
        let first = rows.ends.len();
        let work = self.filler.fill(pattern, &chosen, u64::MAX, rows, interrupt)?;
        let work = work.expect("without a limit the elimination goes to its end");
        let planar = PLANAR * (pattern.len() as f64).powf(1.5);
        let costly = pattern.len() >= LARGE && work as f64 > planar;
        if order != Order::Cheapest || !costly {
            return Ok(chosen);
        }
        let other = nested_dissection(pattern, interrupt)?;
        let mut alone = Rows::default();
        if self.filler.fill(pattern, &other, work - 1, &mut alone, interrupt)?.is_none() {
            return Ok(chosen);
        }
        rows.truncate(first);
        rows.append(&alone)?;
        Ok(other)
    }
}

/// Approximate minimum-degree order (Amestoy, Davis & Duff 1996) of the pattern of A + Aᵀ.
fn minimum_degree(pattern: &Pattern) -> Vec<u32> {
    let rows = (0..pattern.len()).map(|vertex| pattern.row(vertex));
    approximate(pattern.len(), pattern.n_edges(), rows)
}

/// As [`minimum_degree`], of a mesh.
pub(super) fn minimum_degree_of(mesh: &Mesh) -> Vec<u32> {
    let rows = (0..mesh.len()).map(|vertex| mesh.neighbours(vertex));
    approximate(mesh.len(), mesh.neighbours.len(), rows)
}

pub(crate) fn approximate<'a>(
    n: usize,
    n_edges: usize,
    rows: impl Iterator<Item = &'a [u32]>,
) -> Vec<u32> {
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
