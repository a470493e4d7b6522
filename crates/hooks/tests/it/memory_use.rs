//! How much memory the process uses.

use std::sync::Arc;

use everstep_event::Memory;
use everstep_hook::{Every, StartedFrom};
use everstep_hooks::MemoryUse;
use everstep_tensor::Result;

use crate::driver::Driver;

#[test]
fn what_is_resident_and_its_peak_are_told_by_the_period() -> Result<()> {
    let (mut driver, sink) = (Driver::new(), Arc::new(Memory::new()));
    let mut hook = MemoryUse::new(Every::steps(2), sink.clone()).with_clock(driver.clock.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.read(&mut hook)?;
    driver.train(&mut hook, 4)?;
    driver.end(&mut hook)?;
    let (resident, peak) = (sink.scalars("memory_mib/resident"), sink.scalars("memory_mib/peak"));
    let steps: &[u64] = if cfg!(target_os = "linux") { &[1, 3] } else { &[] };
    assert!(resident.iter().map(|(step, _)| *step).eq(steps.iter().copied()), "{resident:?}");
    assert!(resident.iter().zip(&peak).all(|((_, now), (_, most))| *now > 0.0 && now <= most), "{peak:?}");
    Ok(())
}
