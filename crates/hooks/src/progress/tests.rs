//! The bar on a scripted terminal, and the lines where there is none.

#[path = "../../tests/it/driver.rs"]
#[allow(dead_code, reason = "the driver is the integration tests'; this one needs a part of it")]
mod driver;

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use driver::{Driver, Scripted, capture_log, logged};
use everstep_hook::StartedFrom;
use everstep_tensor::ErrorKind;
use indicatif::TermLike;

use super::*;

/// Remembers what it was told to write, line by line as it was drawn.
#[derive(Clone, Debug, Default)]
struct Terminal(Arc<Mutex<Vec<String>>>);

impl Terminal {
    fn note(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
        Ok(())
    }
    /// The last text drawn that is more than blanks.
    fn shown(&self) -> String {
        let drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.iter().rev().find(|text| !text.trim().is_empty()).cloned().unwrap_or_default()
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        60
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.note(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.note(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

fn driver(millis_per_run: u64) -> Driver {
    let mut driver = Driver::new().value("loss", |step| Tensor::scalar(1.0 / step as f32));
    driver.millis_per_run = millis_per_run;
    driver
}

/// A bar whose drawing is not held back, so that a test sees each state.
fn on_terminal(driver: &Driver, last_step: Option<u64>) -> (Terminal, Progress<&'static str>) {
    let terminal = Terminal::default();
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
    (terminal, Progress::on(target, last_step).loss("loss").with_clock(driver.clock.clone()))
}

#[test]
fn the_bar_begins_at_the_restored_step_and_stays_where_training_ended() -> Result<()> {
    let mut driver = driver(50);
    let (terminal, mut hook) = on_terminal(&driver, Some(200));
    driver.start(&mut hook, StartedFrom::Restored(100))?;
    assert!(terminal.shown().contains(" 100/200"), "{}", terminal.shown());
    driver.train(&mut hook, 5)?;
    driver.read(&mut hook)?;
    driver.end(&mut hook)?;
    assert!(hook.bar.is_finished());
    let shown = terminal.shown();
    assert!(shown.contains(" 105/200 20.0 steps/s, loss = 0.00961538"), "{shown}");
    let drawn = terminal.0.lock().unwrap_or_else(PoisonError::into_inner).concat();
    assert!(drawn.contains("104/200 20.0 steps/s, loss = 0.00961538, 00:00:04 left"), "{drawn}");
    assert_eq!(driver.times_fetched("loss"), 2, "the loss is fetched when it is shown");
    Ok(())
}

#[test]
fn a_failure_leaves_the_bar_where_it_is() -> Result<()> {
    let mut driver = driver(100);
    let (terminal, mut hook) = on_terminal(&driver, None);
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 3)?;
    Hook::<Scripted>::failed(&mut hook, &Error::new(ErrorKind::Diverged, "the loss is NaN"));
    assert!(hook.bar.is_finished());
    assert!(terminal.shown().contains("step 3 10.0 steps/s, loss = 0.333333"), "{}", terminal.shown());
    Ok(())
}

#[test]
fn without_a_terminal_a_line_is_logged_every_ten_seconds() -> Result<()> {
    capture_log();
    let mut driver = driver(2500);
    let hook = Progress::on(ProgressDrawTarget::hidden(), Some(20));
    let mut hook = hook.loss("loss").with_clock(driver.clock.clone());
    driver.start(&mut hook, StartedFrom::Restored(4))?;
    driver.train(&mut hook, 7)?;
    driver.clock.sleep(Duration::from_secs(30));
    driver.train(&mut hook, 2)?;
    driver.end(&mut hook)?;
    let expected = [
        "INFO: step 8 of 20: 0.4 steps/s, loss = 0.125, 00:00:30 left",
        "INFO: step 12 of 20: 0.1 steps/s, loss = 0.0833333, 00:01:15 left",
    ];
    assert_eq!(logged(), expected);
    Ok(())
}

#[test]
fn the_rate_forgets() {
    let elapsed = |steps, secs| Elapsed { steps, time: Duration::from_secs(secs) };
    let mut rate = Rate::default();
    rate.add(elapsed(10, 0));
    assert_eq!(rate.0, None);
    rate.add(elapsed(10, 5));
    assert_eq!(rate.0, Some(2.0));
    rate.add(elapsed(1000, 100));
    assert!(rate.0.is_some_and(|rate| (9.99..10.0).contains(&rate)));
}
