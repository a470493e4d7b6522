//! Threads that share work by forking and joining.
//!
//! Nothing is allocated for a fork: the half that another thread may take lies on the stack of the one that forked.
//! Threads without work look out for a while before they sleep, so that the kernels of a step find them awake.

mod half;
mod halves;

#[cfg(test)]
mod tests;

use std::{
    cell::Cell,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use self::{
    half::{Half, Handle},
    halves::Halves,
};

/// How long a thread looks out for work before it sleeps.
const LOOKOUT: Duration = Duration::from_micros(60);
/// Looks between two glances at the clock, and before a waiting thread lets others run.
const LOOKS: usize = 256;

/// The threads, one of which is whoever leads them.
#[derive(Debug)]
pub(super) struct Team {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// Of each thread, the leader's first.
    open: Box<[Mutex<Halves>]>,
    /// How many halves are open in all.
    count: AtomicUsize,
    is_led: AtomicBool,
    ends: AtomicBool,
    /// How many threads have begun.
    prepared: AtomicUsize,
    sleepers: AtomicUsize,
    bed: Mutex<()>,
    alarm: Condvar,
}

thread_local! {
    /// The team that this thread works for, and its place there.
    static SEAT: Cell<(*const Shared, usize)> = const { Cell::new((ptr::null(), 0)) };
}

impl Team {
    /// A leader and so many threads less one, each of which has done `prepare` when this returns.
    pub(super) fn new(size: usize, prepare: fn()) -> io::Result<Team> {
        let shared = Arc::new(Shared {
            open: (0..size).map(|_| Mutex::new(Halves::default())).collect(),
            count: AtomicUsize::new(0),
            is_led: AtomicBool::new(false),
            ends: AtomicBool::new(false),
            prepared: AtomicUsize::new(0),
            sleepers: AtomicUsize::new(0),
            bed: Mutex::new(()),
            alarm: Condvar::new(),
        });
        let mut team = Team { shared, threads: Vec::with_capacity(size) };
        for index in 1..size {
            let shared = Arc::clone(&team.shared);
            let name = format!("everstep-ops-{index}");
            team.threads.push(thread::Builder::new().name(name).spawn(move || {
                prepare();
                shared.prepared.fetch_add(1, Ordering::Release);
                shared.work(index);
            })?);
        }
        while team.shared.prepared.load(Ordering::Acquire) + 1 < size {
            thread::yield_now();
        }
        Ok(team)
    }

    pub(super) fn size(&self) -> usize {
        self.shared.open.len()
    }

    /// Makes this thread the leader, whose forks the others share; `None` while another one leads.
    pub(super) fn lead(&self) -> Option<Lead<'_>> {
        let is_led = self.shared.is_led.swap(true, Ordering::Acquire);
        (!is_led).then(|| Lead { of: &self.shared, before: SEAT.replace((Arc::as_ptr(&self.shared), 0)) })
    }
}

/// A thread's lead of a team, as long as this lives; it stays on its thread.
#[derive(Debug)]
pub(super) struct Lead<'a> {
    of: &'a Shared,
    /// The seat that the thread had before.
    before: (*const Shared, usize),
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        SEAT.set(self.before);
        self.of.is_led.store(false, Ordering::Release);
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        drop(self.shared.bed());
        self.shared.alarm.notify_all();
        for thread in self.threads.drain(..) {
            // Its panics were handed to whoever joined.
            let _ = thread.join();
        }
    }
}

/// How many threads share the work of this one.
pub(super) fn size() -> usize {
    seat().map_or(1, |(team, _)| team.open.len())
}

/// The place of this thread in its team.
pub(super) fn place() -> usize {
    SEAT.get().1
}

#[allow(unsafe_code, reason = "a thread knows its team by a pointer")]
fn seat<'a>() -> Option<(&'a Shared, usize)> {
    let (team, place) = SEAT.get();
    // SAFETY: a thread has a seat only while its team lives: the leader while it leads, the others until the team ends.
    unsafe { team.as_ref() }.map(|team| (team, place))
}

/// Does both, the right one on another thread if one is free.
#[allow(unsafe_code, reason = "a half lies on the stack")]
pub(super) fn join<A: Send, B: Send>(left: impl FnOnce() -> A + Send, right: impl FnOnce() -> B + Send) -> (A, B) {
    let Some((team, place)) = seat() else { return (left(), right()) };
    let half = Half::new(right);
    if !team.offer(place, half.handle()) {
        return (left(), half.into_result());
    }
    let left = catch_unwind(AssertUnwindSafe(left));
    if !team.take_back(place, half.handle()) {
        let mut looks = 0;
        while !half.is_done() {
            match team.take(place) {
                // SAFETY: a half that was open is waited for by the thread that forked, and was taken once.
                Some(other) => unsafe { other.run() },
                None => rest(&mut looks),
            }
        }
    }
    match left {
        Ok(left) => (left, half.into_result()),
        Err(panic) => resume_unwind(panic),
    }
}

/// Waits a moment; after many, lets other threads run.
fn rest(looks: &mut usize) {
    *looks += 1;
    if looks.is_multiple_of(LOOKS) {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

impl Shared {
    /// What a thread does from its beginning to its end.
    #[allow(unsafe_code, reason = "halves lie on other stacks")]
    fn work(&self, place: usize) {
        SEAT.set((self, place));
        loop {
            match self.take(place) {
                // SAFETY: a half that was open is waited for by the thread that forked, and was taken once.
                Some(half) => unsafe { half.run() },
                None if self.ends.load(Ordering::Relaxed) => return,
                None => self.look_out(),
            }
        }
    }

    /// Returns when there may be work, or the team ends.
    fn look_out(&self) {
        let began = Instant::now();
        while began.elapsed() < LOOKOUT {
            for _ in 0..LOOKS {
                if self.count.load(Ordering::Relaxed) > 0 || self.ends.load(Ordering::Relaxed) {
                    return;
                }
                std::hint::spin_loop();
            }
        }
        let bed = self.bed();
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        // Whoever opens a half after this look sees a sleeper, and rings once it has the lock.
        if self.count.load(Ordering::SeqCst) == 0 && !self.ends.load(Ordering::SeqCst) {
            drop(self.alarm.wait(bed).unwrap_or_else(PoisonError::into_inner));
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    fn bed(&self) -> MutexGuard<'_, ()> {
        self.bed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, place: usize) -> MutexGuard<'_, Halves> {
        self.open[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a half for others; false if there are too many.
    fn offer(&self, place: usize, half: Handle) -> bool {
        if !self.open(place).push(half) {
            return false;
        }
        self.count.fetch_add(1, Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            drop(self.bed());
            self.alarm.notify_one();
        }
        true
    }

    /// Closes the half that was opened last, if nobody has taken it.
    fn take_back(&self, place: usize, half: Handle) -> bool {
        let is_back = self.open(place).pop(half);
        if is_back {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        is_back
    }

    /// Takes the oldest half of another thread, which is the largest.
    fn take(&self, place: usize) -> Option<Handle> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let size = self.open.len();
        let taken = (1..size).find_map(|next| self.open((place + next) % size).first());
        if taken.is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        taken
    }
}
