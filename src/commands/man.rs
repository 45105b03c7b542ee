//! Owns `slo man`: manual pages made from the command line's own definition.

use anyhow::{Context as _, Result};
use clap::CommandFactory;
use clap_mangen::Man as Page;

use super::Context;
use crate::cli::{Cli, Man};
use crate::exit::ExitStatus;

pub(super) fn run(context: &mut Context<'_>, args: &Man) -> Result<ExitStatus> {
    let command = Cli::command();
    if let Some(folder) = &args.dir {
        let place = || format!("writing manual pages to {}", folder.display());
        std::fs::create_dir_all(folder).with_context(place)?;
        clap_mangen::generate_to(command, folder).with_context(place)?;
        return Ok(ExitStatus::Pass);
    }
    let mut page = Vec::new();
    Page::new(command).render(&mut page)?;
    context.say(&String::from_utf8(page)?)?;
    Ok(ExitStatus::Pass)
}
