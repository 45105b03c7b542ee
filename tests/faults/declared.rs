//! Manifests and checkouts that are broken, hostile, many or shared.

mod checkouts;
mod manifests;
mod sets;
