//! A mark in every password, and a search for it in every place.

mod mark;
pub mod places;

pub use mark::Mark;
