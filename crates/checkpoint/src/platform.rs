//! What differs between platforms: directories made durable, and the instruction set.

use std::{io, path::Path};

/// Makes what was created, renamed or removed in a directory durable.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::fs::File::open(path)?.sync_all()
}

/// Does nothing: Windows has no such call for directories, its file systems keep a journal of their own.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The architecture, and the widest vectors that kernels choose between at run time.
pub(crate) fn instruction_set() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "x86_64+avx512f".into();
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return "x86_64+avx2+fma".into();
        }
    }
    std::env::consts::ARCH.into()
}
