//! The laws, each a function that panics where an implementation breaks it.

mod hook;
mod save;
mod session;
mod sink;
mod variables;

pub use hook::hook_lifecycle;
pub use save::saver_keeps_the_newest;
pub use session::SessionLaws;
pub use sink::sink_takes_and_flushes;
pub use variables::{assigned_is_read_back, specs_are_sorted_and_stable, wrong_assignments_change_nothing};
