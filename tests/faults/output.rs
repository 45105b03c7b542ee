//! Outputs: texts for people, files, pages.

mod answers;
mod outputs;
mod report;
