//! Every part of the house in another's place: what `docs/swapping.md` says, done.

mod events_elsewhere;
mod facade;
mod format;
mod kernels;
mod only_events;
mod only_loop;
mod only_saver;
mod own_hook;
mod own_op;
mod saver;

/// Everything that the page may quote.
const SOURCES: &[&str] = &[
    include_str!("../../src/bin/spine.rs"),
    include_str!("swaps/events_elsewhere.rs"),
    include_str!("swaps/facade.rs"),
    include_str!("swaps/format.rs"),
    include_str!("swaps/kernels.rs"),
    include_str!("swaps/only_events.rs"),
    include_str!("swaps/only_loop.rs"),
    include_str!("swaps/only_saver.rs"),
    include_str!("swaps/own_hook.rs"),
    include_str!("swaps/own_op.rs"),
    include_str!("swaps/saver.rs"),
];

#[test]
fn what_the_page_shows_is_what_is_tested() {
    let page = include_str!("../../../docs/swapping.md");
    let blocks: Vec<&str> = page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= SOURCES.len() - 1, "the page shows {} pieces of code", blocks.len());
    for block in blocks {
        let quoted = SOURCES.iter().any(|source| lines(source).windows(lines(block).len()).any(|w| w == lines(block)));
        assert!(quoted, "no test has these lines:\n{block}");
    }
}

/// The lines without their indentation.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}
