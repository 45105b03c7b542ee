//! Owns plain values: instants, durations, days and windows, exact numbers, names and labels, and how they are written.
//! Uses no other module.

pub(crate) mod calendar;
pub(crate) mod decimal;
pub(crate) mod duration;
pub(crate) mod hash;
pub(crate) mod hours;
pub(crate) mod instant;
pub(crate) mod label;
mod letters;
pub(crate) mod moments;
pub(crate) mod name;
pub(crate) mod period;
pub(crate) mod selector;
pub(crate) mod span;
pub(crate) mod target;
pub(crate) mod week;
pub(crate) mod window;
pub(crate) mod wording;
