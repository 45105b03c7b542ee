//! Owns keeping passwords out of the list of processes: a command whose arguments contain one executes itself again without
//! it, and passes the original arguments in the environment, which only its user can read.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::Invocation;
use crate::store::without_password;

/// The variable with the original arguments, separated by [`BETWEEN`].
const GIVEN: &str = "SLO_GIVEN_ARGUMENTS";
const BETWEEN: u8 = 0x1e;

/// Executes this process again if its arguments contain a password. If that fails, they stay visible.
pub(crate) fn conceal(invocation: &mut Invocation) {
    let given = invocation.env.remove(OsStr::new(GIVEN)).map(apart);
    // A child that inherits the variable has other arguments.
    if let Some(given) = given.filter(|given| concealed(given).as_ref() == Some(&invocation.args)) {
        invocation.args = given;
        return;
    }
    let Some(shown) = concealed(&invocation.args) else { return };
    if let Ok(program) = std::env::current_exe() {
        let mut again = Command::new(program);
        again.arg0(&shown[0]).args(&shown[1..]).env(GIVEN, together(&invocation.args));
        drop(again.exec());
    }
}

/// The arguments without passwords; `None` if they contain none, or cannot be passed on.
fn concealed(args: &[OsString]) -> Option<Vec<OsString>> {
    let shown: Vec<Option<OsString>> = args.iter().map(|arg| without_password_in(arg)).collect();
    let can_be_handed_on = !args.iter().any(|arg| arg.as_bytes().contains(&BETWEEN));
    if shown.iter().all(Option::is_none) || !can_be_handed_on {
        return None;
    }
    Some(shown.into_iter().zip(args).map(|(shown, arg)| shown.unwrap_or_else(|| arg.clone())).collect())
}

/// An address, or an option with one, without its password.
fn without_password_in(arg: &OsStr) -> Option<OsString> {
    let text = arg.to_str()?;
    let (option, address) = match text.split_once('=') {
        Some((option, address)) if option.starts_with("--") => (&text[..=option.len()], address),
        _ => ("", text),
    };
    without_password(address).map(|address| format!("{option}{address}").into())
}

fn together(args: &[OsString]) -> OsString {
    let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
    OsString::from_vec(args.join(&BETWEEN))
}

fn apart(args: OsString) -> Vec<OsString> {
    args.into_vec().split(|byte| *byte == BETWEEN).map(|arg| OsString::from_vec(arg.to_vec())).collect()
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn an_argument_with_a_password_is_shown_without_it() {
        let shown = |args: &[&str]| {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            let shown = concealed(&args);
            assert!(shown.is_none() || apart(together(&args)) == args);
            shown.map(|shown| shown.iter().map(|arg| arg.to_str().unwrap().to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            shown(&["slo", "--db=postgres://slo:secret@db:5433/main?sslmode=require", "status", "a b"]).unwrap(),
            ["slo", "--db=user='slo' dbname='main' host='db' port='5433' sslmode='require'", "status", "a b"]
        );
        assert_eq!(
            shown(&["slo", "db", "copy", "host=db password='secret two' user=o\\'x", "x.db"]).unwrap(),
            ["slo", "db", "copy", "host='db' user='o\\'x'", "x.db"]
        );
        // An address that cannot be parsed may contain one.
        assert_eq!(shown(&["slo", "--db", "postgres://slo:secret%zz@db"]).unwrap()[2], "postgres://");
        assert_eq!(shown(&["slo", "--db", "postgres://slo@db/main", "status"]), None);
        assert_eq!(shown(&["slo", "--db", "/srv/password=secret.db", "status"]), None);
        assert_eq!(shown(&["slo", "--db", "postgres://slo:secret@db", "\u{1e}"]), None);
    }
}
