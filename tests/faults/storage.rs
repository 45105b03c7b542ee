//! Databases and disks that fail, are damaged, shared, old or copied.

mod crashes;
mod damage;
mod databases;
mod disk;
mod sharing;
mod upgrade;
mod upkeep;
mod verify;
