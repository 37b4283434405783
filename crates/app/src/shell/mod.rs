//! The shell: it draws what the core decides, keeps what is typed, and carries effects out.
//!
//! | module | holds |
//! |---|---|
//! | [`drawing`] | a [`View`](crate::view::View) becomes a window |
//! | [`line`] | the agent, on threads that wait |
//! | [`memory`] | what is remembered from one start to the next |
//! | [`run`] | effects |

pub mod drawing;
mod line;
mod memory;
mod run;

#[expect(
    missing_docs,
    unreachable_pub,
    single_use_lifetimes,
    clippy::all,
    clippy::restriction,
    reason = "made by the toolkit's compiler"
)]
mod ui {
    slint::include_modules!();
}

pub use run::run;
pub use ui::{AppWindow, Tokens, Tray};
