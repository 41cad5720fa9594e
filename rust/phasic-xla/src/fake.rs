//! A stand-in for the XLA runtime: errors, thread pools of four tempers, hand-made call frames.

mod frame;

use std::ffi::CStr;
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::abi;

pub use frame::{Data, Frame, Scalar};

/// What the pool does with a task.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// Refuses it with an error.
    Refuse,
    /// Runs it at once on the calling thread.
    Caller,
    /// Runs it on a thread of its own.
    Thread,
    /// Keeps it until [`Runtime::run_late_tasks`].
    Late,
}

/// A runtime: its table of functions, and the pool behind its execution context.
pub struct Runtime {
    api: abi::Api,
    pool: Box<FakePool>,
}

struct FakePool {
    temper: Temper,
    threads: i64,
    tasks: Mutex<Vec<(abi::Task, usize)>>,
    running: Mutex<Vec<thread::JoinHandle<()>>>,
}

/// An error of the fake runtime.
#[derive(Debug, PartialEq, Eq)]
pub struct FakeError {
    pub code: u32,
    pub message: String,
}

impl Runtime {
    pub fn new(minor: i32, temper: Temper, threads: i64) -> Self {
        let pool = FakePool { temper, threads, tasks: Mutex::default(), running: Mutex::default() };
        let api = abi::Api {
            struct_size: size_of::<abi::Api>(),
            extension_start: ptr::null_mut(),
            api_version: api_version(minor),
            internal_api: ptr::null(),
            error_create: Some(error_create),
            error_get_message: None,
            error_destroy: Some(error_destroy),
            handler_register: None,
            stream_get: None,
            type_register: None,
            execution_context_get: None,
            state_set: None,
            state_get: None,
            device_memory_allocate: None,
            device_memory_free: None,
            thread_pool_schedule: Some(schedule),
            thread_pool_num_threads: Some(num_threads),
        };
        Self { api, pool: Box::new(pool) }
    }

    pub fn api(&self) -> &abi::Api {
        &self.api
    }

    pub fn ctx(&self) -> *mut abi::ExecutionContext {
        ptr::from_ref::<FakePool>(&self.pool).cast_mut().cast()
    }

    /// Runs the tasks that were kept, and returns how many there were.
    pub fn run_late_tasks(&self) -> usize {
        let tasks = std::mem::take(&mut *lock(&self.pool.tasks));
        for &(task, data) in &tasks {
            // SAFETY: the task has not run yet.
            unsafe { task(ptr::with_exposed_provenance_mut(data)) };
        }
        tasks.len()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.run_late_tasks();
        for thread in lock(&self.pool.running).drain(..) {
            thread.join().expect("tasks do not panic");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn api_version(minor: i32) -> abi::ApiVersion {
    abi::ApiVersion {
        struct_size: size_of::<abi::ApiVersion>(),
        extension_start: ptr::null_mut(),
        major_version: 0,
        minor_version: minor,
    }
}

unsafe extern "C" fn error_create(args: *mut abi::ErrorCreateArgs) -> *mut abi::Error {
    // SAFETY: the trampoline and this file pass valid arguments.
    let args = unsafe { &*args };
    // SAFETY: the message is a C string.
    let message = unsafe { CStr::from_ptr(args.message) }.to_string_lossy().into_owned();
    Box::into_raw(Box::new(FakeError { code: args.errc, message })).cast()
}

unsafe extern "C" fn error_destroy(args: *mut abi::ErrorDestroyArgs) {
    // SAFETY: the error was made by `error_create`.
    drop(unsafe { Box::from_raw((*args).error.cast::<FakeError>()) });
}

unsafe extern "C" fn num_threads(args: *mut abi::NumThreadsArgs) -> *mut abi::Error {
    // SAFETY: the pool under test passes valid arguments, with the context of a `Runtime`.
    unsafe { *(*args).num_threads = (*(*args).ctx.cast::<FakePool>()).threads };
    ptr::null_mut()
}

unsafe extern "C" fn schedule(args: *mut abi::ScheduleArgs) -> *mut abi::Error {
    // SAFETY: the pool under test passes valid arguments.
    let args = unsafe { &*args };
    // SAFETY: with the context of a `Runtime`.
    let pool = unsafe { &*args.ctx.cast::<FakePool>() };
    let (task, data) = (args.task, args.data.expose_provenance());
    // SAFETY: each task runs once.
    let run = move || unsafe { task(ptr::with_exposed_provenance_mut(data)) };
    match pool.temper {
        Temper::Refuse => {
            let mut refusal = abi::ErrorCreateArgs {
                struct_size: size_of::<abi::ErrorCreateArgs>(),
                extension_start: ptr::null_mut(),
                message: c"no pool".as_ptr(),
                errc: 14,
            };
            // SAFETY: valid arguments.
            return unsafe { error_create(&raw mut refusal) };
        }
        Temper::Caller => run(),
        Temper::Thread => lock(&pool.running).push(thread::spawn(run)),
        Temper::Late => lock(&pool.tasks).push((task, data)),
    }
    ptr::null_mut()
}
