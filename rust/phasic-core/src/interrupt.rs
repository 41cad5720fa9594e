//! A way for a caller to stop long work.

use std::cell::Cell;

use crate::Error;

/// Asks the caller, every so many units of work, whether to go on.
#[derive(Clone)]
pub struct Interrupt<'a> {
    wanted: Option<&'a dyn Fn() -> bool>,
    work: Cell<usize>,
}

/// Units of work (about a nanosecond each) between two questions.
const INTERVAL: usize = 20_000_000;

impl<'a> Interrupt<'a> {
    /// Never stops.
    #[must_use]
    pub fn never() -> Self {
        Self { wanted: None, work: Cell::new(0) }
    }

    /// Stops when `wanted` returns true. It is asked about every 20 to 100 milliseconds.
    pub fn when(wanted: &'a dyn Fn() -> bool) -> Self {
        Self { wanted: Some(wanted), work: Cell::new(0) }
    }

    /// Asks the caller at once.
    pub(crate) fn asked(&self) -> bool {
        self.wanted.is_some_and(|wanted| wanted())
    }

    /// Reports work done. Errors: [`Error::Interrupted`] if the caller wants to stop.
    pub(crate) fn after(&self, work: usize) -> Result<(), Error> {
        let Some(wanted) = self.wanted else { return Ok(()) };
        let total = self.work.get() + work;
        if total < INTERVAL {
            self.work.set(total);
            return Ok(());
        }
        self.work.set(0);
        if wanted() { Err(Error::Interrupted) } else { Ok(()) }
    }
}
