//! Devices on one machine: namespaces with file systems, accounts and processes of their own.
//!
//! A [`Lab`] is one network that all its devices share. A [`Device`] is a small Debian system: an
//! overlay on a base that is made once per release, a process tree of its own, and state that
//! survives a [`Device::kill`] and is there at the next [`Device::boot`]. One with a disk of its own
//! ([`Lab::device_on_disk`]) loses at a [`Device::cut_power`] what was not flushed. Nothing of
//! the host's accounts, files, mounts or network is touched, and whatever happens to the program
//! that holds a lab, the kernel takes the devices away with it: the first process of a device
//! ends as soon as its standard input does.
//!
//! It takes root and debootstrap.
#![deny(unsafe_code)]

mod base;
mod daemon;
mod desktop;
mod device;
mod disk;
mod error;
mod lab;
mod mirror;
mod network;
mod speaker;
mod sys;
mod tools;

pub use daemon::Daemon;
pub use desktop::Desktop;
pub use device::Device;
pub use error::LabError;
pub use lab::{Lab, Options, build};
pub use speaker::Speaker;
pub use sys::pass_fd;
