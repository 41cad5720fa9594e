//! Nested dissection (George 1973, *SIAM J. Numer. Anal.* 10:345).

use super::components::OUTSIDE;
use super::pattern::{Mesh, Pattern};
use super::refine::{CUT, LEFT, RIGHT};
use super::{leaf, order, separator};
use crate::{Error, Interrupt};

/// Parts of at most so many vertices are not divided any more.
const LEAF: usize = 60;

/// An order that eliminates the two sides of a separator before the separator, and so on inside
/// each side. Deterministic.
///
/// Cost: a few hundred nanoseconds per edge and halving.
pub(super) fn nested_dissection(
    pattern: &Pattern,
    interrupt: &Interrupt,
) -> Result<Vec<u32>, Error> {
    let mesh = Mesh::of(pattern);
    let n = mesh.len();
    let mut local = vec![OUTSIDE; n];
    // Filled from the end: separators first, then the parts that they hold apart.
    let mut order = Vec::with_capacity(n);
    let mut open: Vec<Vec<u32>> = vec![(0..n as u32).collect()];
    while let Some(members) = open.pop() {
        let halves = if members.len() > LEAF {
            divide(&mesh, &members, &mut local, interrupt)?
        } else {
            None
        };
        if let Some([left, right, cut]) = halves {
            order.extend(cut.iter().rev());
            open.push(left);
            open.push(right);
        } else if members.len() > LEAF {
            let chosen = order::minimum_degree_of(&mesh.part(&members, &mut local));
            order.extend(chosen.iter().rev().map(|&index| members[index as usize]));
        } else {
            order.extend(leaf::order(&mesh, &members, &mut local).iter().rev());
            interrupt.after(500 * members.len())?;
        }
    }
    order.reverse();
    Ok(order)
}

/// Left, right and cut; None if there is nothing to divide.
fn divide(
    mesh: &Mesh,
    members: &[u32],
    local: &mut [u32],
    interrupt: &Interrupt,
) -> Result<Option<[Vec<u32>; 3]>, Error> {
    let division = separator::separate(&mesh.part(members, local), interrupt)?;
    if division.weights[LEFT as usize] == 0 || division.weights[RIGHT as usize] == 0 {
        return Ok(None);
    }
    let on = |side: u8| {
        let chosen = members.iter().zip(&division.sides).filter(|&(_, &at)| at == side);
        chosen.map(|(&vertex, _)| vertex).collect()
    };
    Ok(Some([on(LEFT), on(RIGHT), on(CUT)]))
}
