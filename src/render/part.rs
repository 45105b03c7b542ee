//! Owns what several answers share: signs, periods, subjects, what is down and what is expected.

pub(super) mod down;
pub(super) mod forecast;
pub(super) mod icon;
pub(super) mod maintenance;
pub(crate) mod period;
pub(super) mod reading;
pub(super) mod subject;
