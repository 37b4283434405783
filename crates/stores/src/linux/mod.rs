//! The stores of a Linux computer.

pub mod account;
pub mod etc;
mod homes;
pub mod keyring;
pub mod luks;
mod pam;

pub use account::{AccountStore, Identity};
pub use etc::Etc;
pub use keyring::KeyringStore;
pub use luks::{Disk, LuksStore, Mark};
