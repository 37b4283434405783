//! A disk of a device's own, which loses at a power cut what was not flushed to it.
//!
//! The disk is a sparse file in memory behind a loop device with an ext4 file system, which the
//! device itself mounts. The loop device detaches itself with its last user, and the file goes with
//! its last descriptor, so that whatever happens to this program nothing of either is left.
//!
//! **A power cut is a seal on that file** (`F_SEAL_FUTURE_WRITE`, fcntl(2)). Each write of the loop
//! driver takes the file's lock and looks at its seals, so that the seal falls between two of them:
//! what the file system had sent before is on the disk, nothing that it sends later ever is. The
//! file therefore holds what the disk held at one instant, without a copy having to race the writes.
//! What was only in memory is lost: the device's end unmounts the file system, which flushes, but
//! into a disk that takes nothing any more. A copy of the file is what starts again.
//!
//! This can end between any two requests of the file system, in the midst of a transaction of its
//! journal or of a file's pages too. It can't tear one request, nor lose what the cache inside a disk
//! had accepted: the file system has that cache flushed wherever a program asks for a flush, so that
//! the only question to a program is whether it asked. Until its processes are killed the device
//! sees, for a moment, a disk that refuses writes; since no flush succeeds in it, that is a power cut
//! a moment later before which nothing more was written.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, SealFlags, SeekFrom, fcntl_add_seals, fcntl_get_seals, memfd_create};

use crate::{LabError, mirror, sys, tools};

/// Far more than a device writes; only what is written takes memory.
const SIZE: u64 = 256 * 1024 * 1024;

/// The seal is there to stay, so that a cut disk can't come back to life.
const CUT: SealFlags = SealFlags::FUTURE_WRITE;

/// A disk, attached or not.
#[derive(Debug)]
pub(crate) struct Disk {
    name: String,
    medium: File,
}

/// A disk behind a loop device, which is detached when neither this nor a mount uses it.
#[derive(Debug)]
pub(crate) struct Attached {
    /// The loop device.
    pub(crate) node: PathBuf,
    /// Its number.
    pub(crate) number: u32,
    _device: File,
}

impl Disk {
    /// Makes an empty disk with a file system as an ordinary computer has it.
    pub(crate) fn make(name: String) -> Result<Self, LabError> {
        if !mirror::has("mkfs.ext4") {
            return Err(LabError::Missing {
                program: "mkfs.ext4",
                package: "e2fsprogs",
            });
        }
        let disk = Self::blank(name)?;
        let path = format!(
            "/proc/{}/fd/{}",
            std::process::id(),
            disk.medium.as_raw_fd()
        );
        let mut command = Command::new("mkfs.ext4");
        command
            .args(["-q", "-F", "-b", "4096", "-e", "remount-ro", &path])
            .env("PATH", tools::PATH);
        tools::succeed("making a file system", &mut command, b"")?;
        Ok(disk)
    }

    fn blank(name: String) -> Result<Self, LabError> {
        let make = || {
            let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
            let medium = File::from(memfd_create(&name, flags)?);
            medium.set_len(SIZE)?;
            Ok(medium)
        };
        let medium = make().map_err(LabError::io("making a disk"))?;
        Ok(Self { name, medium })
    }

    /// Puts it behind a loop device.
    pub(crate) fn attach(&self) -> Result<Attached, LabError> {
        let attach = || {
            let control = File::options()
                .read(true)
                .write(true)
                .open("/dev/loop-control")?;
            loop {
                let number = sys::free_loop(&control)?;
                let node = PathBuf::from(format!("/dev/loop{number}"));
                let device = File::options().read(true).write(true).open(&node)?;
                match sys::attach_loop(&device, &self.medium) {
                    Ok(()) => {
                        return Ok(Attached {
                            node,
                            number,
                            _device: device,
                        });
                    }
                    // Somebody else has taken it in between.
                    Err(fault) if fault.kind() == io::ErrorKind::ResourceBusy => {}
                    Err(fault) => return Err(fault),
                }
            }
        };
        attach().map_err(LabError::NoLoop)
    }

    /// From now on nothing reaches it, for good.
    pub(crate) fn cut(&self) -> Result<(), LabError> {
        fcntl_add_seals(&self.medium, CUT)
            .map_err(|fault| LabError::io(format!("cutting {} off", self.name))(fault.into()))
    }

    /// What is to start the next time: itself, or a copy of what it held when it was cut off.
    pub(crate) fn surviving(self) -> Result<Self, LabError> {
        let seals = fcntl_get_seals(&self.medium)
            .map_err(|fault| LabError::io(self.name.clone())(fault.into()))?;
        if !seals.contains(CUT) {
            return Ok(self);
        }
        let copy = Self::blank(self.name)?;
        copy_data(&self.medium, &copy.medium).map_err(LabError::io("copying a disk"))?;
        Ok(copy)
    }

    /// Waits until a loop device doesn't have it any more: the kernel unmounts after the last
    /// process's end, and two at once would destroy what is on it.
    pub(crate) fn wait_detached(&self, number: u32) -> Result<(), LabError> {
        let backing = format!("/sys/block/loop{number}/loop/backing_file");
        let deadline = Instant::now() + Duration::from_secs(10);
        while fs::read_to_string(&backing).is_ok_and(|text| text.contains(&self.name)) {
            if Instant::now() > deadline {
                let late = io::Error::from(io::ErrorKind::TimedOut);
                return Err(LabError::io(format!("unmounting loop{number}"))(late));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

/// Copies what was written, and leaves holes.
fn copy_data(from: &File, to: &File) -> io::Result<()> {
    let mut buffer = vec![0; 1024 * 1024];
    let mut at = 0;
    loop {
        at = match rustix::fs::seek(from, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(rustix::io::Errno::NXIO) => return Ok(()),
            Err(fault) => return Err(fault.into()),
        };
        let end = rustix::fs::seek(from, SeekFrom::Hole(at))?;
        while at < end {
            let most = buffer
                .len()
                .min(usize::try_from(end - at).unwrap_or(usize::MAX));
            let piece = &mut buffer[..most];
            from.read_exact_at(piece, at)?;
            to.write_all_at(piece, at)?;
            at += piece.len() as u64;
        }
    }
}
