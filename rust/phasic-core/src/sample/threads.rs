//! Work on other threads while the caller's own listens for an interrupt.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::{Error, Interrupt};

/// How often the caller is asked.
const PAUSE: Duration = Duration::from_millis(50);

/// Tells walks to stop.
#[derive(Debug, Default)]
pub(super) struct Stop(AtomicBool);

impl Stop {
    #[inline]
    pub fn wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs work on another thread and asks the interrupt on this one, until the work is done.
///
/// Signals reach the thread that asked for the work: only it can tell.
pub(super) fn listening<T: Send>(
    interrupt: &Interrupt,
    work: impl FnOnce(&Stop) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let (done, finished) = channel::<()>();
        let stop = &stop;
        let worker = scope.spawn(move || {
            let _until_dropped = done;
            work(stop)
        });
        while finished.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
            if !stop.wanted() && interrupt.asked() {
                stop.0.store(true, Ordering::Relaxed);
            }
        }
        let worked = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        if stop.wanted() { Err(Error::Interrupted) } else { worked }
    })
}
