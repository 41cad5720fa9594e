use super::Pool;
use crate::fake::{Runtime, Temper};
use crate::float_env::tests::{flushing, half_of_denormal};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Far above the threshold.
const SLOW: u64 = 1_000_000_000;

fn squares(runtime: &Runtime, rows: usize, nanoseconds: u64) -> Vec<usize> {
    let mut out = vec![0; 2 * rows];
    let pool = Pool::new(Some(runtime.api()), runtime.ctx());
    pool.for_each_row(&mut out, 2, nanoseconds, |row, slot| {
        slot.copy_from_slice(&[row, row * row]);
    });
    out
}

fn expected(rows: usize) -> Vec<usize> {
    (0..rows).flat_map(|row| [row, row * row]).collect()
}

#[test]
fn every_row_is_computed_whatever_the_pool_does() {
    for temper in [Temper::Refuse, Temper::Caller, Temper::Thread, Temper::Late] {
        for threads in [-1, 1, 2, 7] {
            for rows in [0, 1, 2, 3, 100] {
                let runtime = Runtime::new(3, temper, threads);
                assert_eq!(squares(&runtime, rows, SLOW), expected(rows));
                assert_eq!(squares(&runtime, rows, 10_000), expected(rows));
            }
        }
    }
}

#[test]
fn late_tasks_find_nothing_to_do() {
    let runtime = Runtime::new(3, Temper::Late, 4);
    assert_eq!(squares(&runtime, 50, SLOW), expected(50));
    assert_eq!(runtime.run_late_tasks(), 3);
}

/// Rows that promise to be short; the caller shares them after `patience`.
fn short_rows(runtime: &Runtime, patience: Duration) -> Vec<usize> {
    let mut out = vec![0; 5000];
    let mut pool = Pool::new(Some(runtime.api()), runtime.ctx());
    pool.patience = patience;
    pool.for_each_row(&mut out, 1, 10, |row, slot| slot[0] = row);
    out
}

#[test]
fn short_work_schedules_nothing() {
    let runtime = Runtime::new(3, Temper::Late, 4);
    assert_eq!(short_rows(&runtime, Duration::MAX), (0..5000).collect::<Vec<_>>());
    assert_eq!(runtime.run_late_tasks(), 0);
}

#[test]
fn work_that_turns_out_long_is_shared() {
    let runtime = Runtime::new(3, Temper::Late, 4);
    assert_eq!(short_rows(&runtime, Duration::ZERO), (0..5000).collect::<Vec<_>>());
    assert!(runtime.run_late_tasks() > 0);
}

#[test]
fn one_thread_schedules_nothing() {
    let runtime = Runtime::new(3, Temper::Late, 1);
    assert_eq!(squares(&runtime, 50, SLOW), expected(50));
    assert_eq!(runtime.run_late_tasks(), 0);
}

#[test]
fn without_a_runtime_the_caller_works() {
    let mut out = vec![0; 3];
    Pool::new(None, std::ptr::null_mut())
        .for_each_row(&mut out, 1, SLOW, |row, slot| slot[0] = row);
    assert_eq!(out, [0, 1, 2]);
}

#[test]
fn a_panic_reaches_the_caller_after_all_rows_have_ended() {
    crate::trampoline::silence_handler_panics();
    for temper in [Temper::Caller, Temper::Thread, Temper::Late] {
        let runtime = Runtime::new(3, temper, 4);
        let pool = Pool::new(Some(runtime.api()), runtime.ctx());
        let active = AtomicUsize::new(0);
        let mut out = vec![0; 64];
        let result = panic::catch_unwind(AssertUnwindSafe(|| {
            pool.for_each_row(&mut out, 1, SLOW, |row, slot| {
                active.fetch_add(1, Ordering::SeqCst);
                slot[0] = row;
                active.fetch_sub(1, Ordering::SeqCst);
                assert!(row % 8 != 7, "row {row}");
            });
        }));
        let payload = result.expect_err("a row panicked");
        assert!(payload.downcast_ref::<String>().expect("a message").starts_with("row "));
        assert_eq!(active.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn tasks_compute_with_ieee_arithmetic() {
    let runtime = Runtime::new(3, Temper::Thread, 4);
    let pool = Pool::new(Some(runtime.api()), runtime.ctx());
    let mut out = vec![0.0; 64];
    flushing(|| pool.for_each_row(&mut out, 1, SLOW, |_, slot| slot[0] = half_of_denormal()));
    assert!(out.iter().all(|&half| half.to_bits() == 5e-311_f64.to_bits()));
}
