//! The counts that a probability of marks is reached through.

use std::collections::BTreeSet;

use crate::Error;

/// Vectors of counts, one entry per type of mark, such that with a vector its smaller neighbours are
/// there too, in lexicographic order.
#[derive(Debug)]
pub(super) struct Lattice {
    cells: Vec<Vec<u32>>,
    /// Of each cell: the types that have a mark, with the cell of one mark less.
    before: Vec<Vec<(usize, usize)>>,
}

impl Lattice {
    /// The smallest such set with all the given vectors. Errors: more than `limit` cells.
    ///
    /// One vector gives the rectangle from 0 to it, its last entry counting fastest.
    pub fn down_from(corners: &[Vec<u32>], limit: usize) -> Result<Self, Error> {
        let rectangle = |corner: &Vec<u32>| {
            corner.iter().fold(1_usize, |cells, &count| cells.saturating_mul(count as usize + 1))
        };
        if corners.iter().any(|corner| rectangle(corner) > limit) {
            return Err(Error::TableTooLarge { limit });
        }
        let mut seen = BTreeSet::new();
        let mut stack: Vec<Vec<u32>> = corners.to_vec();
        while let Some(cell) = stack.pop() {
            if seen.contains(&cell) {
                continue;
            }
            stack.extend(less(&cell).map(|(_, smaller)| smaller));
            seen.insert(cell);
            if seen.len() > limit {
                return Err(Error::TableTooLarge { limit });
            }
        }
        let cells: Vec<Vec<u32>> = seen.into_iter().collect();
        let place = |cell: &Vec<u32>| cells.binary_search(cell).expect("smaller cells are there");
        let neighbours = |cell: &Vec<u32>| {
            less(cell).map(|(mark, smaller)| (mark, place(&smaller))).collect::<Vec<_>>()
        };
        let before = cells.iter().map(neighbours).collect();
        Ok(Self { cells, before })
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Place of a vector of counts, which must be there.
    pub fn place(&self, cell: &Vec<u32>) -> usize {
        self.cells.binary_search(cell).expect("the lattice was made with this cell")
    }

    /// The types that have a mark, with the cell of one mark less.
    pub fn before(&self, cell: usize) -> &[(usize, usize)] {
        &self.before[cell]
    }
}

/// One mark less, of each type that has one.
fn less(cell: &[u32]) -> impl Iterator<Item = (usize, Vec<u32>)> {
    let present = (0..cell.len()).filter(|&mark| cell[mark] > 0);
    present.map(|mark| {
        let mut smaller = cell.to_vec();
        smaller[mark] -= 1;
        (mark, smaller)
    })
}

#[cfg(test)]
mod tests {
    use super::Lattice;
    use crate::Error;

    #[test]
    fn one_corner_gives_a_rectangle_row_by_row() {
        let lattice = Lattice::down_from(&[vec![1, 2]], 6).expect("six cells");
        let cells = [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]].map(Vec::from);
        assert_eq!(lattice.cells, cells);
        assert_eq!(lattice.before(4), [(0, 1), (1, 3)]);
    }

    #[test]
    fn corners_far_apart_do_not_fill_the_rectangle_between_them() {
        let lattice = Lattice::down_from(&[vec![5, 0], vec![0, 7]], 100).expect("few cells");
        assert_eq!(lattice.len(), 13);
    }

    #[test]
    fn too_many_cells_are_refused() {
        let refused = Lattice::down_from(&[vec![9, 9]], 99).expect_err("a hundred cells");
        assert_eq!(refused, Error::TableTooLarge { limit: 99 });
    }

    #[test]
    fn too_many_cells_of_several_corners_are_refused() {
        let refused = Lattice::down_from(&[vec![9, 0], vec![0, 9]], 18).expect_err("19 cells");
        assert_eq!(refused, Error::TableTooLarge { limit: 18 });
    }
}
