//! Broadcasting of leading dimensions, as numpy does it.

use std::borrow::Cow;

use crate::failure::Failure;
use crate::operand::{Floats, Operand};

/// How the rows of one operand are spread over the rows of the whole batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// Batch dimension and step in operand rows, last dimension first; the step is 0 along
    /// dimensions of length 1. Empty if one row serves the whole batch.
    steps: Vec<(usize, usize)>,
}

impl Broadcast {
    /// Spreads an operand's leading dimensions over `batch`, aligned at the right. The last
    /// dimension is the row.
    pub fn new(operand: &Operand<'_>, batch: &[i64]) -> Result<Self, Failure> {
        let (lead, _) = operand.rows()?;
        let fits = |(own, whole)| own == whole || own == &1;
        if lead.len() > batch.len() || !lead.iter().rev().zip(batch.iter().rev()).all(fits) {
            let name = operand.name();
            let message =
                format!("`{name}`: leading dimensions {lead:?} do not broadcast to {batch:?}");
            return Err(Failure::invalid(message));
        }
        let mut stride = 1;
        let mut steps = Vec::with_capacity(lead.len());
        for (&own, &whole) in lead.iter().rev().zip(batch.iter().rev()) {
            steps.push((whole as usize, if own == 1 { 0 } else { stride }));
            stride *= own as usize;
        }
        if steps.iter().all(|&(_, step)| step == 0) {
            steps.clear();
        }
        Ok(Self { steps })
    }

    /// Whether one row serves the whole batch.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.steps.is_empty()
    }

    /// The operand row that serves a row of the batch.
    #[must_use]
    pub fn row(&self, batch_row: usize) -> usize {
        let mut rest = batch_row;
        let mut row = 0;
        for &(dim, step) in &self.steps {
            row += rest % dim * step;
            rest /= dim;
        }
        row
    }
}

/// A floating-point operand as rows that broadcast over a batch.
pub struct Rows<'a> {
    data: Floats<'a>,
    /// The element type, a constant of [`crate::abi::dtype`].
    pub dtype: u32,
    /// Elements in a row.
    pub width: usize,
    /// Which row serves which row of the batch.
    pub broadcast: Broadcast,
}

impl<'a> Rows<'a> {
    /// The rows of `operand`, whose leading dimensions must broadcast to `batch`.
    pub fn new(operand: &Operand<'a>, batch: &[i64]) -> Result<Self, Failure> {
        let (_, width) = operand.rows()?;
        let broadcast = Broadcast::new(operand, batch)?;
        Ok(Self { data: operand.floats()?, dtype: operand.dtype(), width, broadcast })
    }

    /// Row `row` of the operand itself, in double precision.
    #[must_use]
    pub fn get(&self, row: usize) -> Cow<'a, [f64]> {
        let range = row * self.width..(row + 1) * self.width;
        match self.data {
            Floats::F32(data) => data[range].iter().map(|&value| f64::from(value)).collect(),
            Floats::F64(data) => Cow::Borrowed(&data[range]),
        }
    }
}
