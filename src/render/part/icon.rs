//! Owns the drawn signs of states: shapes that differ, so that color is never the only difference.

use crate::domain::budget::balance::State;

/// The side of the square that signs are drawn in.
pub(in crate::render) const SIDE: u32 = 12;

/// The outline of a state's sign, as SVG path data.
pub(in crate::render) const fn path(state: State) -> &'static str {
    match state {
        State::NoData => {
            "M2.8 4.2A3.2 3.2 0 1 1 7 7.2V8.3H5V6.6Q5 5.9 5.8 5.6A1.3 1.3 0 1 0 4.7 4.2ZM4.9 9.4H7.1V11.6H4.9Z"
        }
        State::Breaching => "M2.3 1 6 4.7 9.7 1 11 2.3 7.3 6 11 9.7 9.7 11 6 7.3 2.3 11 1 9.7 4.7 6 1 2.3Z",
        State::Down => "M.8 2.5H11.2L6 10.8Z",
        State::AtRisk => "M4.7.8H7.3L6.9 7.8H5.1ZM4.8 9.2H7.2V11.4H4.8Z",
        State::Healthy => "M4.5 10.4.9 6.8 2.3 5.4 4.5 7.6 9.8 1.8 11.2 3.1Z",
    }
}
