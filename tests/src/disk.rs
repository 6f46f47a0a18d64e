//! A disk that can be filled: a small tmpfs.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted tmpfs; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts it at `folder`; `None` where that is not permitted.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn mount(folder: &Path) -> anyhow::Result<Option<Self>> {
        std::fs::create_dir_all(folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m,mode=0755", "tmpfs"]).arg(folder).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        Ok(mounted.then(|| Self { folder: folder.to_owned() }))
    }

    /// Leaves not one byte.
    ///
    /// # Errors
    /// It cannot be written at all.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = File::create(self.ballast())?;
        for piece in [&[0; 4096][..], &[0; 1]] {
            while ballast.write_all(piece).is_ok() {}
        }
        Ok(())
    }

    /// Leaves so much room, in blocks of 4 KiB, on a disk that is full.
    ///
    /// # Errors
    /// It is not full.
    pub fn leave(&self, blocks: u64) -> anyhow::Result<()> {
        let ballast = File::options().write(true).open(self.ballast())?;
        let length = ballast.metadata()?.len();
        Ok(ballast.set_len(length.saturating_sub(blocks * 4096))?)
    }

    /// Gives the room back.
    ///
    /// # Errors
    /// It is not full.
    pub fn clear(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}
