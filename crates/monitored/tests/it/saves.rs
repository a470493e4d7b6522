//! What reaches the saver: pins that hooks ask for, and the last step, whatever the saver left out.

use std::sync::Mutex;

use super::*;

/// Notes which saves were pinned, and leaves out the first one of each step that is told.
#[derive(Default)]
struct Choosy {
    kept: MemorySave,
    pinned: Mutex<Vec<u64>>,
    leaves_out: Mutex<Vec<u64>>,
}

impl Save for Choosy {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        let mut leaves_out = self.leaves_out.lock().unwrap();
        if let Some(place) = leaves_out.iter().position(|step| *step == saving.step) {
            leaves_out.remove(place);
            return Ok(());
        }
        self.pinned.lock().unwrap().extend(saving.pinned.then_some(saving.step));
        self.kept.save(saving)
    }
    fn open(&self, which: Which) -> Result<Option<everstep_tensor::Checkpoint>> {
        self.kept.open(which)
    }
    fn is_kept(&self, step: u64) -> Result<bool> {
        Ok(self.kept.steps().contains(&step))
    }
}

/// Asks for a pinned save after these steps.
struct Pins(Vec<u64>);

impl Hook<Scripted> for Pins {
    fn after_run(&mut self, run: &mut AfterRun<'_, Scripted>) -> Result<()> {
        if self.0.contains(&run.global_step()) {
            run.request_pinned_save("this one is for ever");
        }
        Ok(())
    }
}

/// The steps that were kept, and those that were pinned.
#[track_caller]
fn check(pins: &[u64], leaves_out: &[u64], kept: &[u64], pinned: &[u64]) {
    let saver = Arc::new(Choosy { leaves_out: Mutex::new(leaves_out.to_vec()), ..Choosy::default() });
    let hooks: Hooks<'_> =
        vec![Box::new(Feed::new()), Box::new(Pins(pins.to_vec())), Box::new(Saves { every: 3, last: 6 })];
    let options = Options { saver: Some(saver.clone()), ..Options::default() };
    train(chief(&Server::new(), &Arc::new(MemorySave::new()), false), hooks, options).unwrap();
    assert_eq!(saver.kept.steps(), kept);
    assert_eq!(*saver.pinned.lock().unwrap(), pinned);
}

#[test]
fn a_hook_may_pin_a_save() {
    check(&[], &[], &[0, 3, 6], &[]);
    // Alone, and with the save that another hook asks for.
    check(&[2, 3], &[], &[0, 2, 3, 6], &[2, 3]);
}

#[test]
fn the_last_step_is_saved_though_a_busy_saver_left_it_out() {
    check(&[], &[3], &[0, 6], &[]);
    check(&[], &[6], &[0, 3, 6], &[]);
}
