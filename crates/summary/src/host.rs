//! The name of this machine: the one place that asks the platform.

use std::{env, fs};

/// The name of this machine, in characters that a file name may have; `localhost` if it has none.
pub(crate) fn name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| env::var("HOSTNAME").ok())
        .or_else(|| env::var("COMPUTERNAME").ok());
    clean(name.as_deref().unwrap_or_default())
}

fn clean(name: &str) -> String {
    let safe =
        |character: char| if character.is_ascii_alphanumeric() || "-._".contains(character) { character } else { '_' };
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.chars().map(safe).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, name};

    #[test]
    fn a_name_is_fit_for_a_file() {
        assert_eq!(clean("gpu-7.example.org\n"), "gpu-7.example.org");
        assert_eq!(clean("../my host\\1"), ".._my_host_1");
        assert_eq!(clean(" \n"), "localhost");
        assert_eq!(clean(&name()), name());
    }
}
