//! One half of forked work, which lies on the stack of the thread that forked.

use std::{
    any::Any,
    cell::UnsafeCell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr,
    sync::atomic::{AtomicBool, Ordering},
};

/// A half, wherever it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handle {
    half: *const (),
    run: unsafe fn(*const ()),
}

impl PartialEq for Handle {
    /// Halves that are open at once lie at different places.
    fn eq(&self, other: &Handle) -> bool {
        self.half == other.half
    }
}

#[allow(unsafe_code, reason = "a half is run by another thread")]
// SAFETY: what a half holds can be sent, as its maker demands.
unsafe impl Send for Handle {}

impl Handle {
    /// # Safety
    /// The half lies where it did, and is run once.
    #[allow(unsafe_code, reason = "a half lies on another stack")]
    pub(super) unsafe fn run(self) {
        // SAFETY: the caller's promise.
        unsafe { (self.run)(self.half) };
    }
}

/// Work that may be done by another thread, and what came of it.
pub(super) struct Half<F, R> {
    work: UnsafeCell<Option<F>>,
    result: UnsafeCell<Option<Result<R, Box<dyn Any + Send>>>>,
    is_done: AtomicBool,
}

impl<F: FnOnce() -> R + Send, R: Send> Half<F, R> {
    pub(super) fn new(work: F) -> Self {
        Half { work: UnsafeCell::new(Some(work)), result: UnsafeCell::new(None), is_done: AtomicBool::new(false) }
    }

    pub(super) fn handle(&self) -> Handle {
        Handle { half: ptr::from_ref(self).cast(), run: Self::run }
    }

    /// # Safety
    /// `half` is a half of this type, nobody else runs it, and whoever made it waits until it is done.
    #[allow(unsafe_code, reason = "a half lies on another stack")]
    unsafe fn run(half: *const ()) {
        // SAFETY: the caller's promise; after the last line the half may be gone.
        unsafe {
            let half = &*half.cast::<Self>();
            let work = (*half.work.get()).take();
            *half.result.get() = work.map(|work| catch_unwind(AssertUnwindSafe(work)));
            half.is_done.store(true, Ordering::Release);
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_done.load(Ordering::Acquire)
    }

    /// What came of it, or comes of it now if nobody has done it.
    pub(super) fn into_result(self) -> R {
        match (self.result.into_inner(), self.work.into_inner()) {
            (Some(result), _) => result.unwrap_or_else(|panic| resume_unwind(panic)),
            (None, Some(work)) => work(),
            (None, None) => unreachable!("work that was taken leaves a result"),
        }
    }
}
