//! The same set through others' savers.

use serde_json::Value;

use crate::peers;

pub(super) fn print(peers: &[Value]) {
    for peer in peers {
        let number = |name: &str| peer[name].as_f64().unwrap_or(f64::NAN);
        println!(
            "  {:<36} blocks {:>8.1} ms, write and fsync {:>6.3} GB/s, restore {:>6.3} GB/s",
            peer["name"].as_str().unwrap_or("?"),
            number("blocks_ms"),
            number("write_gbps"),
            number("restore_gbps"),
        );
    }
    if peers.is_empty() {
        println!("  neither PyTorch, TensorFlow nor Orbax is installed for python3: nothing to compare with");
    }
}

/// The same set through others' savers, where they are installed.
pub(super) fn run() -> Vec<Value> {
    ["torch", "tensorflow", "orbax"].into_iter().filter_map(|peer| peers::ask("bench_checkpoint.py", &[peer])).collect()
}
