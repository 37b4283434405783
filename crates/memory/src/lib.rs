//! Memory for secrets: it stays out of swap, dumps and children, and is wiped when it is given back.
//!
//! A page of it is mapped when the first secret is made, and none before. A secret takes as many of
//! the page's 64 [slots](slots) as it fills, so that some sixty of them share the one page; longer
//! ones than a page have a mapping of their own.
//!
//! Where the kernel locks no more (`RLIMIT_MEMLOCK`, getrlimit(2)), secrets go on without, for a
//! person without a password is worse off than one whose swap may hold it. [`is_locked`] tells, and
//! every program says so.
#![deny(unsafe_code)]

mod process;
mod program;
mod slots;
mod sys;

pub use process::keep_to_itself;
pub use program::Program;
pub use sys::{Locked, is_locked};
