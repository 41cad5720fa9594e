//! IEEE arithmetic inside handlers.
//!
//! XLA:CPU runs handlers and pool tasks with denormals flushed to zero. Likelihoods that underflow
//! would then differ from the same computation called directly, so every entry into the library
//! restores the default floating-point environment.

/// The floating-point control word of IEEE 754 defaults: round to nearest, gradual underflow, no
/// traps.
#[cfg(target_arch = "x86_64")]
pub const IEEE: u32 = 0x1F80;
/// The floating-point control word of IEEE 754 defaults: round to nearest, gradual underflow, no
/// traps.
#[cfg(target_arch = "aarch64")]
pub const IEEE: u64 = 0;

/// Holds IEEE arithmetic on this thread and restores what was set before when dropped.
///
/// The compiler may move plain arithmetic across the switch, so guarded work belongs in a function
/// that is not inlined next to the guard.
#[must_use]
pub struct IeeeGuard {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    saved: control::Word,
    _this_thread_only: std::marker::PhantomData<*const ()>,
}

impl IeeeGuard {
    /// Switches this thread to IEEE arithmetic.
    pub fn enter() -> Self {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        let saved = control::read();
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        if saved != IEEE {
            control::write(IEEE);
        }
        Self {
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            saved,
            _this_thread_only: std::marker::PhantomData,
        }
    }
}

impl Drop for IeeeGuard {
    fn drop(&mut self) {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        control::write(self.saved);
    }
}

#[cfg(target_arch = "x86_64")]
mod control {
    use std::arch::asm;

    /// MXCSR.
    pub type Word = u32;

    pub fn read() -> Word {
        let mut word: Word = 0;
        // SAFETY: stores MXCSR into a local of its size; SSE is part of x86-64.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    pub fn write(word: Word) {
        // SAFETY: loads MXCSR from a local; callers pass IEEE defaults or a word read before, so no
        // reserved bit is set.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    use std::arch::asm;

    /// FPCR.
    pub type Word = u64;

    pub fn read() -> Word {
        let word: Word;
        // SAFETY: reads a register that user space may read.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nostack, preserves_flags)) };
        word
    }

    pub fn write(word: Word) {
        // SAFETY: writes IEEE defaults or a word read before to a register that user space may
        // write.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nostack, preserves_flags)) };
    }
}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) mod tests {
    use super::{IeeeGuard, control};
    use std::hint::black_box;

    #[cfg(target_arch = "x86_64")]
    const FLUSHING: control::Word = 0x9FC0;
    #[cfg(target_arch = "aarch64")]
    const FLUSHING: control::Word = 1 << 24;

    /// Half of a denormal number: 5e-311 with gradual underflow, 0 without.
    #[inline(never)]
    pub fn half_of_denormal() -> f64 {
        black_box(1e-310) * black_box(0.5)
    }

    /// Runs `body` with denormals flushed to zero, as XLA does.
    pub fn flushing<R>(body: impl FnOnce() -> R) -> R {
        let saved = control::read();
        control::write(FLUSHING);
        let result = body();
        control::write(saved);
        result
    }

    #[test]
    fn guard_brings_denormals_back() {
        let (without, with) = flushing(|| {
            let without = half_of_denormal();
            let guard = IeeeGuard::enter();
            let with = half_of_denormal();
            drop(guard);
            (without, with)
        });
        assert_eq!(without.to_bits(), 0);
        assert_eq!(with.to_bits(), 5e-311_f64.to_bits());
    }

    #[test]
    fn guard_restores_what_it_found() {
        let (before, after) = flushing(|| {
            let before = control::read();
            drop(IeeeGuard::enter());
            (before, control::read())
        });
        assert_eq!(before & FLUSHING, FLUSHING);
        // Status flags (the low six bits of MXCSR) may change; control bits may not.
        assert_eq!(before & !0x3F, after & !0x3F);
    }

    #[test]
    fn guard_restores_while_unwinding() {
        let after = flushing(|| {
            let result = std::panic::catch_unwind(|| {
                let _guard = IeeeGuard::enter();
                std::panic::resume_unwind(Box::new(()));
            });
            assert!(result.is_err());
            half_of_denormal()
        });
        assert_eq!(after.to_bits(), 0);
    }
}
