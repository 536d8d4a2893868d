//! What running modules show, for the hints.

use napi_derive::napi;

use crate::hint;

use super::host::{Error, with};
use super::thread::Thread;

/// What an export is.
#[derive(Clone, Copy)]
#[napi(string_enum = "lowercase")]
pub enum ExportKind {
    /// It serves requests: an app or a router, or a server.
    App,
    /// A function.
    Function,
    /// A class.
    Class,
    /// An object that has functions, or may have.
    Object,
    /// Text, numbers, and plain objects and lists of such.
    Data,
}

impl From<ExportKind> for hint::ExportKind {
    fn from(kind: ExportKind) -> Self {
        match kind {
            ExportKind::App => Self::App,
            ExportKind::Function => Self::Function,
            ExportKind::Class => Self::Class,
            ExportKind::Object => Self::Object,
            ExportKind::Data => Self::Data,
        }
    }
}

#[napi]
impl Thread {
    /// A server begins to listen, called by these files or URLs, the innermost first. Returns the URLs of the modules of whose exports
    /// `noteExports` is to tell: at most 100, each once.
    #[napi]
    pub fn listens(&self, frames: Vec<String>) -> Result<Vec<String>, Error> {
        let urls = with(|engine| engine.listens(self.id, &frames))?;
        Ok(urls.iter().map(ToString::to_string).collect())
    }

    /// What a module exports that the thread knows by `url`: the names, and what each is.
    #[napi]
    pub fn note_exports(
        &self,
        url: String,
        names: Vec<String>,
        kinds: Vec<ExportKind>,
    ) -> Result<(), Error> {
        let kinds = kinds.into_iter().map(hint::ExportKind::from);
        with(|engine| engine.note_exports(&url, names.into_iter().zip(kinds)))
    }
}
