//! What the threads of one parallel loop share.

use std::any::Any;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::trampoline::guarded;

/// The chunks of a loop: taken one by one, by any thread, each once.
///
/// A thread may come after the maker has stopped waiting: it finds every chunk taken and does not
/// touch the closure.
pub struct Job {
    next: AtomicUsize,
    count: usize,
    finished: Mutex<usize>,
    all_finished: Condvar,
    panicked: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    body: *const (),
    /// Calls the closure behind `body` for one chunk.
    call: unsafe fn(*const (), usize),
}

// SAFETY: `body` is the only field that is not Send by itself; it points to a Sync closure.
unsafe impl Send for Job {}
// SAFETY: `body` is the only field that is not Sync by itself; it points to a Sync closure.
unsafe impl Sync for Job {}

impl Job {
    /// A job of `count` chunks.
    ///
    /// # Safety
    /// Once the job is shared, the maker calls [`Job::wait`] before `body` dies.
    pub unsafe fn new<F: Fn(usize) + Sync>(count: usize, body: &F) -> Self {
        Self {
            next: AtomicUsize::new(0),
            count,
            finished: Mutex::new(0),
            all_finished: Condvar::new(),
            panicked: AtomicBool::new(false),
            panic: Mutex::new(None),
            body: ptr::from_ref(body).cast(),
            call: call::<F>,
        }
    }

    /// Takes a chunk and runs it; false if none was left.
    ///
    /// Catches panics. After one, the chunks that are left are taken but not run.
    pub fn work_on_one(&self) -> bool {
        let chunk = self.next.fetch_add(1, Ordering::Relaxed);
        if chunk >= self.count {
            return false;
        }
        if !self.panicked.load(Ordering::Relaxed) {
            // SAFETY: this chunk is taken and not finished, so the maker waits and the closure
            // lives; `call` belongs to its type.
            if let Err(payload) = guarded(|| unsafe { (self.call)(self.body, chunk) }) {
                self.panicked.store(true, Ordering::Relaxed);
                // One is kept; dropping another could panic again.
                mem::forget(lock(&self.panic).replace(payload));
            }
        }
        let mut finished = lock(&self.finished);
        *finished += 1;
        if *finished == self.count {
            self.all_finished.notify_all();
        }
        true
    }

    /// How many chunks are not taken yet.
    pub fn left(&self) -> usize {
        self.count.saturating_sub(self.next.load(Ordering::Relaxed))
    }

    /// Waits until every chunk has finished. Returns soon only if all are taken.
    pub fn wait(&self) {
        let mut finished = lock(&self.finished);
        while *finished < self.count {
            finished = self.all_finished.wait(finished).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What a chunk panicked with.
    pub fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        lock(&self.panic).take()
    }
}

/// Calls the closure behind `body`.
///
/// # Safety
/// `body` points to a living `F`.
unsafe fn call<F: Fn(usize) + Sync>(body: *const (), chunk: usize) {
    // SAFETY: as the caller promises.
    let body = unsafe { &*body.cast::<F>() };
    body(chunk);
}

/// No panic leaves a lock in a state that matters.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
