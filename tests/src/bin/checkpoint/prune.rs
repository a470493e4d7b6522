//! `prune`: removes what no rule keeps.

use std::path::Path;

use everstep_checkpoint::{Options, Saver};
use everstep_tensor::Result;
use serde_json::json;

use crate::{arguments::Arguments, table};

pub(crate) fn prune(dir: &Path, arguments: &Arguments) -> Result<bool> {
    let saver = Saver::new(dir, Options { keep: arguments.keep(), ..Default::default() });
    let surplus = if arguments.dry_run { saver.surplus()? } else { saver.prune()? };
    if arguments.json {
        let rows =
            surplus.iter().map(|kept| json!({"step": kept.step, "location": kept.location, "bytes": kept.bytes}));
        println!("{}", json!({"removed": !arguments.dry_run, "surplus": rows.collect::<Vec<_>>()}));
        return Ok(true);
    }
    let freed = table::bytes(surplus.iter().map(|kept| kept.bytes).sum());
    let verb = if arguments.dry_run { "would be removed" } else { "were removed" };
    println!("{} checkpoints {verb}, {freed}", surplus.len());
    if !surplus.is_empty() {
        let row = |kept: &everstep_checkpoint::Kept| {
            vec![kept.step.to_string(), kept.location.clone(), table::bytes(kept.bytes)]
        };
        table::print(&[" step", "file", " size"], &surplus.iter().map(row).collect::<Vec<_>>());
    }
    Ok(true)
}
