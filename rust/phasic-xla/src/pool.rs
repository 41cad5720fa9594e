//! A parallel loop on XLA's intra-op thread pool, in which the caller works too.
//!
//! XLA does not promise that a scheduled task runs soon, runs beside the caller, or runs on another
//! thread. So the caller takes chunks like every task and waits only for chunks that somebody has
//! taken. A task that starts after the last chunk is taken touches nothing but the counters, which
//! it shares ownership of.

mod job;

use std::ffi::c_void;
use std::panic;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::abi;
use job::Job;

/// Work of at least so many nanoseconds is shared from the start: waking a pool thread costs about
/// a tenth of it.
const WORTH_SHARING: u64 = 100_000;
/// After so long alone, the caller asks for help with what is left.
const PATIENCE: Duration = Duration::from_micros(50);
/// Chunks are of at least so many nanoseconds.
const CHUNK: u64 = 20_000;
/// At most about so many chunks per thread: enough to even out rows of different cost.
const CHUNKS_PER_THREAD: usize = 64;

/// The thread pool of one custom call.
pub struct Pool<'a> {
    api: Option<&'a abi::Api>,
    ctx: *mut abi::ExecutionContext,
    patience: Duration,
}

impl<'a> Pool<'a> {
    /// The pool behind an execution context; without an API everything runs on the caller.
    #[must_use]
    pub fn new(api: Option<&'a abi::Api>, ctx: *mut abi::ExecutionContext) -> Self {
        Self { api, ctx, patience: PATIENCE }
    }

    /// Calls `body(row, slice)` for each `width`-long slice of `out`, in parallel where that pays.
    ///
    /// `nanoseconds` is a lower bound of the time of one row. Where it promises little work, the
    /// caller begins alone and asks the pool for help only if the work turns out to be long. Which
    /// thread computes a row has no influence on the result. A panic in `body` is raised again
    /// here, after all rows that were begun have ended.
    pub fn for_each_row<T: Send>(
        &self,
        out: &mut [T],
        width: usize,
        nanoseconds: u64,
        body: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let rows = out.len() / width.max(1);
        let run = |first: usize, slots: &mut [T]| {
            for (offset, slot) in slots.chunks_exact_mut(width).enumerate() {
                body(first + offset, slot);
            }
        };
        let threads = if rows < 2 { 1 } else { self.threads() };
        if threads == 1 {
            run(0, out);
            return;
        }
        let shortest = CHUNK.div_ceil(nanoseconds.max(1)) as usize;
        let chunk = shortest.max(rows.div_ceil(threads * CHUNKS_PER_THREAD));
        let chunk = chunk.min(rows.div_ceil(threads));
        let parts: Vec<Mutex<&mut [T]>> = out.chunks_mut(chunk * width).map(Mutex::new).collect();
        let much = nanoseconds.saturating_mul(rows as u64) >= WORTH_SHARING;
        self.for_each(parts.len(), threads, much, &|part| {
            let mut slots = parts[part].lock().unwrap_or_else(PoisonError::into_inner);
            run(part * chunk, &mut slots);
        });
    }

    /// Calls `body` for each of `0..count`, on the caller and on up to `threads - 1` tasks of the
    /// pool: from the start if there is `much` to do, else once that shows.
    fn for_each<F>(&self, count: usize, threads: usize, much: bool, body: &F)
    where
        F: Fn(usize) + Sync,
    {
        // SAFETY: this function waits below, and nothing before that returns or panics.
        let job = Arc::new(unsafe { Job::new(count, body) });
        if !much {
            let start = Instant::now();
            while job.work_on_one() && start.elapsed() < self.patience {}
        }
        for _ in 1..threads.min(1 + job.left()) {
            if !self.schedule(&job) {
                break;
            }
        }
        while job.work_on_one() {}
        job.wait();
        if let Some(payload) = job.take_panic() {
            panic::resume_unwind(payload);
        }
    }

    /// The number of threads of the pool, at least 1.
    fn threads(&self) -> usize {
        let Some(num_threads) = self.api.and_then(|api| api.thread_pool_num_threads) else {
            return 1;
        };
        let mut count = 1_i64;
        let mut args = abi::NumThreadsArgs {
            struct_size: size_of::<abi::NumThreadsArgs>(),
            extension_start: ptr::null_mut(),
            ctx: self.ctx,
            num_threads: &raw mut count,
        };
        // SAFETY: a function of XLA's table with the arguments it asks for.
        let error = unsafe { num_threads(&raw mut args) };
        if self.discard(error) { usize::try_from(count).unwrap_or(1).max(1) } else { 1 }
    }

    /// Schedules one task that works on `job`; false if the pool refuses.
    fn schedule(&self, job: &Arc<Job>) -> bool {
        let Some(schedule) = self.api.and_then(|api| api.thread_pool_schedule) else {
            return false;
        };
        let data = Arc::into_raw(Arc::clone(job)).cast_mut();
        let mut args = abi::ScheduleArgs {
            struct_size: size_of::<abi::ScheduleArgs>(),
            extension_start: ptr::null_mut(),
            ctx: self.ctx,
            task,
            data: data.cast(),
        };
        // SAFETY: a function of XLA's table with the arguments it asks for; the task owns its share
        // of the job.
        let error = unsafe { schedule(&raw mut args) };
        let scheduled = self.discard(error);
        if !scheduled {
            // SAFETY: the pool refused the task, so its share of the job is still ours.
            drop(unsafe { Arc::from_raw(data) });
        }
        scheduled
    }

    /// True if there is no error; frees one that there is.
    fn discard(&self, error: *mut abi::Error) -> bool {
        if error.is_null() {
            return true;
        }
        if let Some(destroy) = self.api.and_then(|api| api.error_destroy) {
            let mut args = abi::ErrorDestroyArgs {
                struct_size: size_of::<abi::ErrorDestroyArgs>(),
                extension_start: ptr::null_mut(),
                error,
            };
            // SAFETY: a function of XLA's table with an error that XLA handed to us.
            unsafe { destroy(&raw mut args) };
        }
        false
    }
}

/// A task of the pool. [`Job::work_on_one`] catches panics, so none crosses into XLA.
unsafe extern "C" fn task(data: *mut c_void) {
    // SAFETY: `schedule` passed one share of a job, and the pool runs a task once.
    let job = unsafe { Arc::from_raw(data.cast_const().cast::<Job>()) };
    while job.work_on_one() {}
}

#[cfg(test)]
mod tests;
