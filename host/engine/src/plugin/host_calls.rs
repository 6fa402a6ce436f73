//! The host functions of `farm:builder/host`: checks what a component asks, and takes the question to its caller.
//!
//! Paths, patterns and names that are none never leave this file. Does not know the answers.

use crate::path::RelPath;
use crate::plan::{AccessError, AccessErrorKind, EntryKind, Level, Source};

use super::bindings::farm::builder::{host, types};
use super::state::{Scope, State};
use super::step_files::StepFiles;

/// Longest name of a tool, in bytes.
const MAX_TOOL_NAME: usize = 128;

impl types::Host for State {}

impl host::Host for State {
    async fn read(&mut self, path: String) -> Result<Vec<u8>, host::AccessError> {
        let path = self.may_ask().and_then(|()| checked_path(path));
        self.ask(path, |source, path| source.read(&path)).await
    }

    async fn look(&mut self, path: String) -> Result<Option<host::EntryKind>, host::AccessError> {
        let path = self.may_ask().and_then(|()| checked_path(path));
        let kind: Option<EntryKind> = self.ask(path, |source, path| source.look(&path)).await?;
        Ok(kind.map(Into::into))
    }

    async fn glob(&mut self, include: Vec<String>, exclude: Vec<String>) -> Result<Vec<String>, host::AccessError> {
        let patterns = self.may_ask().and_then(|()| {
            let checked = |patterns: Vec<String>| patterns.into_iter().map(checked_path).collect::<Result<Vec<_>, _>>();
            Ok((checked(include)?, checked(exclude)?))
        });
        self.ask(patterns, |source, (include, exclude)| source.glob(&include, &exclude))
            .await
    }

    async fn has_tool(&mut self, name: String) -> Result<bool, host::AccessError> {
        let name = self.may_ask().and_then(|()| checked_tool(name));
        self.ask(name, |source, name| source.has_tool(&name)).await
    }

    async fn executables(&mut self) -> Result<Vec<String>, host::AccessError> {
        Ok(self.step()?.executables()?)
    }

    async fn make_executable(&mut self, path: String) -> Result<(), host::AccessError> {
        let path = RelPath::parse(&path).or_else(|error| refuse(AccessErrorKind::InvalidPath, error.to_string()))?;
        Ok(self.step()?.make_executable(&path)?)
    }

    async fn log(&mut self, level: host::Level, message: String) {
        for line in message.lines() {
            self.output.say(level.into(), line);
        }
        let lines = self.output.take();
        if !lines.is_empty() {
            self.desk.ask(move |source| hand_over(lines, source)).await;
        }
    }
}

impl State {
    /// Refuses every question of a call that may only log.
    fn may_ask(&self) -> Result<(), AccessError> {
        match self.scope {
            Scope::All => Ok(()),
            Scope::Log => refuse(
                AccessErrorKind::Denied,
                "only a plan may ask for this; here, `log` alone answers",
            ),
        }
    }

    /// The files of a step; refused to every other call.
    fn step(&self) -> Result<&StepFiles, AccessError> {
        let refused = || AccessError {
            kind: AccessErrorKind::Denied,
            message: "only a step may ask for this".to_owned(),
        };
        self.step.as_ref().ok_or_else(refused)
    }

    /// Takes a question with checked arguments to the caller.
    async fn ask<A, T>(
        &mut self,
        arguments: Result<A, AccessError>,
        question: fn(&mut dyn Source, A) -> Result<T, AccessError>,
    ) -> Result<T, host::AccessError>
    where
        A: Send + 'static,
        T: Send + 'static,
    {
        let arguments = arguments?;
        let answer = self.desk.ask(move |source| question(source, arguments)).await;
        Ok(answer?)
    }
}

/// Says these lines to the caller.
pub(super) fn hand_over(lines: Vec<(Level, String)>, source: &mut dyn Source) {
    for (level, line) in lines {
        source.log(level, &line);
    }
}

/// A path in normal form; patterns have the form of paths.
fn checked_path(path: String) -> Result<String, AccessError> {
    match RelPath::parse(&path) {
        Ok(_) => Ok(path),
        Err(invalid) => refuse(AccessErrorKind::InvalidPath, invalid.to_string()),
    }
}

fn checked_tool(name: String) -> Result<String, AccessError> {
    let plain = |c: char| !c.is_control() && c != '/' && c != '\\';
    if name.is_empty() || name.len() > MAX_TOOL_NAME || !name.chars().all(plain) {
        let shown: String = name.chars().take(40).collect();
        let message = format!("`{}` is not the name of a tool", shown.escape_debug());
        return refuse(AccessErrorKind::Denied, message);
    }
    Ok(name)
}

pub(super) fn refuse<T>(kind: AccessErrorKind, message: impl Into<String>) -> Result<T, AccessError> {
    let message = message.into();
    Err(AccessError { kind, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a11_what_is_no_path_is_refused_before_anybody_is_asked() {
        let long = "x/".repeat(2500);
        for bad in [
            "..",
            "a/../..",
            "/etc/passwd",
            "a\0b",
            "a\\b",
            "C:\\x",
            "\\\\?\\x",
            "a.",
            "/proc/self/root/etc",
            &long,
        ] {
            let refused = checked_path(bad.to_owned()).map_err(|error| error.kind);
            assert_eq!(refused, Err(AccessErrorKind::InvalidPath), "{bad}");
        }
        for good in ["", "src/**/*.{ts,tsx}", "a?/b*"] {
            assert!(checked_path(good.to_owned()).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_tool_is_a_name_and_never_a_path() {
        for bad in ["", "/bin/sh", "../x", "a\\b", "a\0"] {
            assert!(checked_tool(bad.to_owned()).is_err(), "{bad:?}");
        }
        assert!(checked_tool("node".to_owned()).is_ok());
    }
}
