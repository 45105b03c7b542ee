//! Owns the files for CI and cron that `slo init` writes.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::write_new;
use crate::cli::Init;
use crate::commands::{Answer, Context};
use crate::exit::ExitStatus;

/// A file to write, and what to do with it.
struct Prepared {
    path: &'static str,
    text: &'static str,
    next: &'static str,
}

const GITHUB: Prepared = Prepared {
    path: ".github/workflows/slo.yaml",
    text: include_str!("github.yaml"),
    next: "replace OWNER in it with the account that holds the action, set the variable SLO_HOST and the secret SLO_SSH_KEY in the \
           repository's settings, then commit it",
};
const GITLAB: Prepared = Prepared {
    path: "slo.gitlab-ci.yml",
    text: include_str!("../../../../contrib/gitlab/slo.yml"),
    next: "set SLO_HOST in it, make sure that the runner has slo, ssh, a key and known_hosts, and add \
           `include: { local: slo.gitlab-ci.yml }` to .gitlab-ci.yml",
};
const CRON: Prepared = Prepared {
    path: "slo.crontab",
    text: include_str!("crontab"),
    next: "edit it, then install it with `crontab slo.crontab`",
};
/// The command of the crontab that copies a file.
const FILE_COPY: &str = r#"day="$SLO_DB-$(date +\%a)"; {slo} db backup -q "$day.new" && mv "$day.new" "$day""#;
/// The command of the crontab that copies a shared database into a file.
const SHARED_COPY: &str =
    r#"day="$HOME/slo-$(date +\%a).db"; {slo} db copy -q "$SLO_DB" "$day.new" && mv "$day.new" "$day""#;
/// What the crontab says about a password that it does not contain.
const PASSWORD: &str =
    "# Write the password into ~/.pgpass, which nobody else may read, as HOST:PORT:DATABASE:USER:PASSWORD.\n";

/// Writes the requested files; `None` if none are requested.
///
/// # Errors
/// If one exists or cannot be written; the ones before it are written.
pub(super) fn write(args: &Init, context: &mut Context<'_>) -> Result<Option<Answer>> {
    let asked = [(args.github, GITHUB), (args.gitlab, GITLAB), (args.cron, CRON)];
    let asked: Vec<Prepared> = asked.into_iter().filter(|(asked, _)| *asked).map(|(_, file)| file).collect();
    let texts = asked.iter().map(|file| filled(file.text, context)).collect::<Result<Vec<_>>>()?;
    for (file, text) in asked.iter().zip(texts) {
        if let Some(folder) = Path::new(file.path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let remedy = format!("rename or remove {}, then write it again", file.path);
        write_new(Path::new(file.path), &text, &remedy)?;
        context.note(&format!("wrote {}; {}", file.path, file.next));
    }
    Ok((!asked.is_empty()).then(|| Answer::written(ExitStatus::Pass)))
}

/// Fills the names of this database, program and action into a text.
///
/// # Errors
/// If the text needs the database, and none is configured or its address is invalid.
fn filled(text: &str, context: &Context<'_>) -> Result<String> {
    let mut text = text.to_owned();
    if text.contains("{db}") {
        let place = context.place()?;
        let (db, copy, password) = match place.address(context.env)? {
            Some(address) => (address.written(), SHARED_COPY, if address.has_password() { PASSWORD } else { "" }),
            None => (place.file().map(whole).unwrap_or_default(), FILE_COPY, ""),
        };
        text = text.replace("{db}", &db).replace("{copy}", copy).replace("{password}", password);
    }
    let home = env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/");
    let action = format!("{home}@v{}", env!("CARGO_PKG_VERSION"));
    Ok(text.replace("{slo}", &program(context)).replace("{action}", &action))
}

/// A path to this program that works in any folder, also with a short `PATH`, as in cron.
fn program(context: &Context<'_>) -> String {
    let called = Path::new(&context.program);
    if called.components().count() > 1 {
        return whole(called);
    }
    let folders = context.env.get(OsStr::new("PATH")).map(std::env::split_paths);
    let found = folders.into_iter().flatten().map(|folder| folder.join(called)).find(|path| path.is_file());
    found.map_or_else(|| context.program.clone(), |path| whole(&path))
}

/// The absolute path.
fn whole(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
