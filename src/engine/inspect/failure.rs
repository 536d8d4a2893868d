//! Errors of the user's code: where each is, and what people are told of it.

use serde::Serialize;

/// Where something has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The module could not be linked.
    Link,
    /// It threw while it evaluated.
    Evaluate,
    /// An `accept` callback threw.
    Accept,
    /// A `dispose` handler threw.
    Dispose,
    /// A `prune` handler threw.
    Prune,
}

impl Phase {
    /// Whether it is a handler that has failed, not an import.
    pub fn is_of_handler(self) -> bool {
        matches!(self, Self::Accept | Self::Dispose | Self::Prune)
    }
}

/// An error of the user's code, and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Where it came up.
    pub phase: Phase,
    /// The error's name.
    pub name: String,
    /// The error's message.
    pub message: String,
    /// The file that it is in, absolute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// From 1, in UTF-16 units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Up to three lines of the file, with a caret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<String>,
    /// The lines of its stack, where nobody but us tells people of it.
    #[serde(skip)]
    pub stack: Option<String>,
    /// What it would replace stays.
    #[serde(skip)]
    pub keeps_old: bool,
}

impl Failure {
    /// Whether it is the same error, wherever it was met. Where a file was saved since, its place in the file is not known.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_known = self.line.is_some() && other.line.is_some();
        let is_there = (self.line, self.column) == (other.line, other.column);
        self.file == other.file && self.message == other.message && (is_there || !is_known)
    }

    /// The error with its place and frame, and what follows from it.
    pub fn text(&self, show: impl Fn(&str) -> String) -> String {
        let place = self.file.as_deref().map(|file| {
            let at = [self.line, self.column].into_iter().flatten();
            let at: Vec<_> = at.map(|number| number.to_string()).collect();
            let path = show(file);
            if at.is_empty() { format!("{path} ") } else { format!("{path}:{} ", at.join(":")) }
        });
        let place = place.unwrap_or_default();
        let frame = self.frame.as_ref().map_or_else(String::new, |frame| format!("\n{frame}"));
        let message = self.message.lines().next().unwrap_or_default();
        let stack = self.stack.as_ref().map_or_else(String::new, |stack| format!("\n{stack}"));
        let end = if self.keeps_old { "the old one stays" } else { "imports of it fail" };
        format!("✗ {place}{}: {message}{frame}{stack}\n  {end} until it is mended", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: Option<u32>) -> Failure {
        Failure {
            phase: Phase::Evaluate,
            name: "Error".to_owned(),
            message: "no".to_owned(),
            file: Some("/a.mjs".to_owned()),
            line,
            column: line,
            frame: None,
            stack: None,
            keeps_old: false,
        }
    }

    #[test]
    fn an_error_whose_place_is_past_is_the_same() {
        assert!(at(Some(2)).is_same(&at(Some(2))));
        assert!(!at(Some(2)).is_same(&at(Some(3))));
        assert!(at(Some(2)).is_same(&at(None)) && at(None).is_same(&at(Some(2))));
        assert!(!at(None).is_same(&Failure { message: "yes".to_owned(), ..at(None) }));
    }
}
