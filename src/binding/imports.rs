//! What a thread imports: resolving and loading.

use std::time::{Duration, Instant};

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::engine::Import;
use crate::error::NotDynamicError;
use crate::graph::ThreadId;
use crate::source::needs_prelude;
use crate::watch::settle::QUIET;

use super::convert::{self, Need, Supply, Unprepared, When};
use super::host::{Error, with};
use super::thread::Thread;

/// How often it is looked whether a file has been written to its end.
const WRITER_INTERVAL: Duration = Duration::from_micros(200);

/// `url` without version; `null` if it has none.
#[napi]
pub fn clean(url: String) -> Result<Option<String>, Error> {
    with(|engine| engine.clean(&url).map(|clean| clean.to_string()))
}

/// From now on the source maps of modules count: Node looks at them.
#[napi]
pub fn use_source_maps() -> Result<(), Error> {
    with(crate::engine::Engine::use_source_maps)
}

/// Whether `useSourceMaps` was called, in any thread of the process.
#[napi]
pub fn uses_source_maps() -> Result<bool, Error> {
    with(|engine| engine.uses_source_maps())
}

/// The URL by which an import of `url` would load it now; `null` if it is that one.
#[napi]
pub fn current_url(url: String) -> Result<Option<String>, Error> {
    with(|engine| engine.current_url(&url))
}

#[napi]
impl Thread {
    /// Records that `parent`, a URL with its version (nothing for an entry point), imports `url`, which Node has found for
    /// what it wrote as `specifier`, with the value of the import attribute `hot`.
    ///
    /// Returns the URL to load instead, with today's version; `null` if it is `url`. Throws with the code
    /// `HOT_HOOK_NOT_DYNAMIC` for a static import of a boundary, if the options ask for that.
    #[napi]
    pub fn resolve(
        &self,
        parent: Option<String>,
        specifier: String,
        url: String,
        hot: Option<String>,
    ) -> Result<Option<String>, Error> {
        let import = import(self.id, parent.as_deref(), &specifier, hot.as_deref(), (false, None));
        with(|engine| engine.resolve(&import, &url))?.map_err(not_dynamic)
    }

    /// The same for a `require()`; `when`: when that is. Returns what is to be done before Node goes on with `url`; `null` if
    /// that is nothing.
    #[napi]
    pub fn resolve_required(
        &self,
        parent: Option<String>,
        specifier: String,
        url: String,
        when: Option<When>,
    ) -> Result<Option<Supply>, Error> {
        let import = import(self.id, parent.as_deref(), &specifier, None, (true, when));
        let supply = with(|engine| engine.resolve_required(&import, &url))?.map_err(not_dynamic)?;
        Ok(supply.map(Supply::from))
    }

    /// As `resolve`, for an `import` without attributes that Node has not resolved, where only Node would have a say in
    /// it. Returns the URL to load, always; `null` if it is not sure what Node would say: then it is to be asked, and
    /// `resolve` called.
    #[napi]
    pub fn resolve_directly(
        &self,
        parent: String,
        specifier: String,
    ) -> Result<Option<String>, Error> {
        let import = import(self.id, Some(&parent), &specifier, None, (false, None));
        with(|engine| engine.resolve_directly(&import))?.map_err(not_dynamic)
    }

    /// Node itself has found `url`, says that it is an ES module, and no other hook had a say in it: what holds for it holds for
    /// its siblings (`resolveDirectly`).
    #[napi]
    pub fn record_format(&self, url: String) -> Result<(), Error> {
        with(|engine| engine.record_format(self.id, &url))
    }

    /// Node found nothing for an import, where it looked at last for `url`, if it says that; `require`: by
    /// `require()`; the other arguments are those of `resolve` and `resolveRequired`.
    #[napi]
    pub fn unresolved(
        &self,
        parent: Option<String>,
        specifier: String,
        hot: Option<String>,
        require: bool,
        when: Option<When>,
        url: Option<String>,
    ) -> Result<(), Error> {
        let import =
            import(self.id, parent.as_deref(), &specifier, hot.as_deref(), (require, when));
        with(|engine| engine.unresolved(&import, url.as_deref()))
    }

    /// Node is about to read `url`. Returns the URL to read it by, without version; `null` for a first instance, whose URL has
    /// none. While the file is being saved, the calling thread waits for that, 50 ms at most; the others do not.
    #[napi]
    pub fn load(&self, url: String) -> Result<Option<String>, Error> {
        let Some(load) = with(|engine| engine.begin_load(self.id, &url))? else { return Ok(None) };
        let begin = Instant::now();
        while with(|engine| engine.is_being_written(&load, Instant::now()))?
            && begin.elapsed() < QUIET
        {
            std::thread::sleep(WRITER_INTERVAL);
        }
        with(|engine| engine.load(self.id, &load, Instant::now()))?;
        Ok(load.clean)
    }

    /// Node has read `url`, which is in `format`, as its load hook names it (`module`, `commonjs`, `json` …), and has that
    /// `text` if it is an ES module. Returns what the text needs before it runs: nothing, if it is no ES module.
    #[napi]
    pub fn loaded(
        &self,
        url: String,
        format: Option<String>,
        text: Option<String>,
    ) -> Result<Need, Error> {
        let text = text.unwrap_or_default();
        let without_prelude = !needs_prelude(&text);
        let format = convert::format(format.as_deref(), &text, without_prelude);
        with(|engine| {
            engine.loaded(self.id, &url, format, Instant::now());
            engine.need(self.id, &url, without_prelude).into()
        })
    }

    /// `load`, Node's part, and `loaded` in one, where only Node would have a say in what `url`, an ES module, holds.
    /// Returns its text as it is to run, or without the prelude that it needs; `null` if it is not sure what Node would
    /// read: then nothing was recorded, and `load` and `loaded` are to be called.
    #[napi]
    pub fn read(&self, url: String) -> Result<Option<Either<String, Unprepared>>, Error> {
        with(|engine| engine.read(self.id, &url).map(convert::source))
    }

    /// Node could not read `url`, after `load`.
    #[napi]
    pub fn unloaded(&self, url: String) -> Result<(), Error> {
        with(|engine| engine.unloaded(self.id, &url))
    }

    /// Whether imports by `parent` are from now on all `import()`s, and another one of `url` tells nothing new.
    #[napi]
    pub fn is_repeatable(&self, parent: String, url: String) -> Result<bool, Error> {
        with(|engine| engine.is_repeatable(self.id, &parent, &url))
    }

    /// Until `endLookup` the thread waits for what `specifier` means to `parent`: that is no import.
    #[napi]
    pub fn begin_lookup(&self, parent: String, specifier: String) -> Result<(), Error> {
        with(|engine| engine.begin_lookup(self.id, &parent, &specifier))
    }

    /// See `beginLookup`.
    #[napi]
    pub fn end_lookup(&self) -> Result<(), Error> {
        with(|engine| engine.end_lookup(self.id))
    }

    /// A request to resolve something has begun in a hooks thread. Returns its number, from 1, among those that may be what the
    /// thread looks up, of which only the last is; `null` if it is an import.
    #[napi]
    pub fn lookup_request(&self, parent: String, specifier: String) -> Result<Option<u32>, Error> {
        with(|engine| engine.lookup_request(self.id, &parent, &specifier))
    }

    /// Whether the importer `parent` has an `import.meta`, which can look something up.
    #[napi]
    pub fn may_look_up(&self, parent: String) -> Result<bool, Error> {
        with(|engine| engine.may_look_up(self.id, &parent))
    }

    /// CommonJS has resolved `url`, and may be about to require it: `resolve` follows when it is loaded, and `report` when it
    /// had been before.
    #[napi]
    pub fn sought(&self, url: String) -> Result<(), Error> {
        with(|engine| engine.sought(self.id, &url))
    }

    /// The URL, with its version, under which an update imports what Node resolved to `url`; `null` if that is no file.
    /// `first`: it is to be today's; otherwise the one that was given then.
    #[napi]
    pub fn resolve_for_update(&self, url: String, first: bool) -> Result<Option<String>, Error> {
        with(|engine| engine.resolve_for_update(self.id, &url, first))
    }
}

fn not_dynamic(error: NotDynamicError) -> Error {
    Error::new("HOT_HOOK_NOT_DYNAMIC", error.to_string())
}

fn import<'a>(
    thread: ThreadId,
    parent: Option<&'a str>,
    specifier: &'a str,
    attribute: Option<&'a str>,
    (require, when): (bool, Option<When>),
) -> Import<'a> {
    let lazy = when.is_some_and(|when| !matches!(when, When::AtStart));
    let late = matches!(when, Some(When::Late));
    Import { thread, parent, specifier, attribute, require, lazy, late }
}
