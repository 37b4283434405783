//! The whole product, played and broken: one file a theme, one program for all of them.

mod bad_input;
mod belonging;
mod canary;
mod copies;
mod doctor;
mod factor;
mod faults;
mod forgotten;
mod honest;
mod issued;
mod leaving;
mod memory;
mod organisation;
mod outages;
mod proxy;
mod refusals;
mod restored;
mod snapshots;
mod together;
mod versions;
