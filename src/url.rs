//! URLs as Node writes them: paths in them, and the version parameter that we add.
//!
//! The parameter is always the last of the query, before a fragment, and is found again by the table of URLs that
//! were issued (see [`Urls`]), never by its looks: users write `?v=3` themselves.
//!
//! Paths are converted as Node's `pathToFileURL` and `fileURLToPath` do it. The crate `url` leaves characters as they are that Node
//! encodes, takes an encoded slash for one, and needs 1.0 µs for a path instead of 0.2 µs, twice for each import.

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use rustc_hash::FxHashMap;

use crate::graph::ModuleId;

/// The path of a `file:` URL without query and fragment; `None` for any other scheme, for a remote host and for what Node
/// refuses: see [`decode`].
pub fn path_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let path = &rest[..end];
    if !path.starts_with('/') {
        return None;
    }
    let path = decode(path)?;
    #[cfg(windows)]
    return Some(path.trim_start_matches('/').replace('/', "\\"));
    #[cfg(not(windows))]
    Some(path.into_owned())
}

/// Refused are an encoded slash, a `%` with which no byte begins, and bytes that are not UTF-8.
fn decode(path: &str) -> Option<Cow<'_, str>> {
    for (at, _) in path.match_indices('%') {
        let byte = path.get(at + 1..at + 3)?;
        let is_slash =
            byte.eq_ignore_ascii_case("2f") || (cfg!(windows) && byte.eq_ignore_ascii_case("5c"));
        if is_slash || !byte.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
    }
    percent_decode_str(path).decode_utf8().ok()
}

/// What does not stand for itself in the path of a URL as Node writes it, besides what is not ASCII.
const IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'~');

/// The `file:` URL of an absolute path.
pub fn url_of(path: &str) -> String {
    let separator = if path.starts_with('/') { "" } else { "/" };
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    format!("file://{separator}{}", utf8_percent_encode(&path, IN_PATH))
}

/// `url` with `v=version` as the last parameter of its query.
pub fn versioned(url: &str, version: u32) -> String {
    let (base, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let separator = if base.contains('?') { '&' } else { '?' };
    format!("{base}{separator}v={version}{fragment}")
}

/// Splits a URL that looks as if it carried a version into what it was before and the version. It must be written as
/// [`versioned`] writes it: `?v=03`, `?v=+3` and a path that ends with `&v=3` are a user's.
fn split_version(url: &str) -> Option<(String, u32)> {
    let (base, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let at = base.rfind("v=")?;
    let version: u32 = base[at + 2..].parse().ok()?;
    let before = base[..at].strip_suffix(['?', '&'])?;
    let clean = format!("{before}{fragment}");
    (versioned(&clean, version) == url).then_some((clean, version))
}

/// A URL as Node resolved it, before any version, and the versions of it that were handed out.
struct Known {
    module: ModuleId,
    /// Ascending, disjoint, inclusive ranges: a module that was reloaded 10,000 times costs one entry.
    issued: Vec<(u32, u32)>,
}

/// What a URL means.
#[derive(Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The module it stands for.
    pub module: ModuleId,
    /// The URL without our version, as Node would write it.
    pub clean: Arc<str>,
    /// Our version, 0 if the URL carries none.
    pub version: u32,
}

/// The table of all URLs seen: which module they stand for, and which versions of them we issued.
#[derive(Default)]
pub struct Urls {
    known: FxHashMap<Arc<str>, Known>,
    by_module: FxHashMap<ModuleId, Vec<Arc<str>>>,
    /// URLs that look as if they carried a version of ours, and do not.
    lookalikes: usize,
}

impl Urls {
    /// Notes that `clean`, a URL without our version, stands for `module`.
    pub fn record(&mut self, clean: &str, module: ModuleId) -> Arc<str> {
        if let Some((key, known)) = self.known.get_key_value(clean)
            && known.module == module
        {
            return key.clone();
        }
        let key: Arc<str> = clean.into();
        self.known.insert(key.clone(), Known { module, issued: Vec::new() });
        self.by_module.entry(module).or_default().push(key.clone());
        self.lookalikes += usize::from(split_version(&key).is_some());
        key
    }

    /// Whether `clean` is known as a URL of that module.
    pub fn stands_for(&self, clean: &str, module: ModuleId) -> bool {
        self.known.get(clean).is_some_and(|known| known.module == module)
    }

    /// From now on `clean` stands for `module`; the versions of it that were issued remain ours.
    pub fn rebind(&mut self, clean: &str, module: ModuleId) {
        let Some((key, known)) = self.known.get_key_value(clean) else { return };
        let (key, old) = (key.clone(), known.module);
        if let Some(urls) = self.by_module.get_mut(&old) {
            urls.retain(|url| *url != key);
        }
        if let Some(known) = self.known.get_mut(clean) {
            known.module = module;
        }
        self.by_module.entry(module).or_default().push(key);
    }

    /// The URLs of a module, without versions.
    pub fn of_module(&self, module: ModuleId) -> &[Arc<str>] {
        self.by_module.get(&module).map_or(&[], Vec::as_slice)
    }

    /// What `url` stands for; `None` if neither it nor what it would be without a version was seen before.
    pub fn meaning(&self, url: &str) -> Option<Meaning> {
        if let Some((key, known)) = self.known.get_key_value(url) {
            return Some(Meaning { module: known.module, clean: key.clone(), version: 0 });
        }
        let (clean, version) = split_version(url)?;
        let (key, known) = self.known.get_key_value(clean.as_str())?;
        let issued = known.issued.iter().any(|&(from, to)| (from..=to).contains(&version));
        issued.then(|| Meaning { module: known.module, clean: key.clone(), version })
    }

    /// The URL under which `clean` is loaded at `version`; from now on it is recognised as ours.
    pub fn issue(&mut self, clean: &str, version: u32) -> String {
        if let Some(known) = self.known.get_mut(clean) {
            match known.issued.last_mut() {
                Some((_, to)) if *to == version => {}
                Some((_, to)) if *to + 1 == version => *to = version,
                _ => known.issued.push((version, version)),
            }
        }
        versioned(clean, version)
    }

    /// Whether a user wrote a URL of the module with that very version: then the version cannot be ours.
    pub fn is_taken(&self, module: ModuleId, version: u32) -> bool {
        let is_known = |clean| self.known.contains_key(versioned(clean, version).as_str());
        self.lookalikes > 0 && self.of_module(module).iter().any(|clean| is_known(clean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (url, path) in [
            ("file:///a/b.mjs", Some("/a/b.mjs")),
            ("file:///a/b%20c%23d%3Fe%25.mjs?v=1#x", Some("/a/b c#d?e%.mjs")),
            ("file:///%C3%A9t%C3%A9.mjs", Some("/été.mjs")),
            ("file:///%FF.mjs", None),
            ("file:///a%2fb.mjs", None),
            ("file:///%5Bid%5D.mjs", Some("/[id].mjs")),
            ("data:text/javascript,1", None),
            ("node:fs", None),
            ("file://host/share/x", None),
        ] {
            assert_eq!(path_of(url).as_deref(), path, "{url}");
        }
    }

    #[test]
    fn the_version_is_the_last_parameter() {
        assert_eq!(versioned("file:///a.mjs", 1), "file:///a.mjs?v=1");
        assert_eq!(versioned("file:///a.mjs?raw", 2), "file:///a.mjs?raw&v=2");
        assert_eq!(versioned("file:///a.mjs?q=a%20b#f", 3), "file:///a.mjs?q=a%20b&v=3#f");
    }

    #[test]
    fn only_issued_versions_are_ours() {
        let mut urls = Urls::default();
        let module = ModuleId::new(4);
        let clean = urls.record("file:///a.mjs", module);
        assert_eq!(urls.meaning("file:///a.mjs?v=1"), None, "a user's own query");
        let issued = urls.issue(&clean, 1);
        assert_eq!(
            urls.meaning(&issued),
            Some(Meaning { module, clean: clean.clone(), version: 1 })
        );
        urls.issue(&clean, 2);
        urls.issue(&clean, 7);
        for (version, ours) in [(1, true), (2, true), (3, false), (6, false), (7, true), (8, false)]
        {
            assert_eq!(urls.meaning(&versioned(&clean, version)).is_some(), ours, "v={version}");
        }
    }

    #[test]
    fn another_spelling_of_an_issued_version_is_the_users() {
        let mut urls = Urls::default();
        for clean in ["file:///a.mjs", "file:///a.mjs?"] {
            urls.record(clean, ModuleId::new(0));
            urls.issue(clean, 3);
        }
        for url in ["?v=03", "?v=+3", "&v=3", "??v=3", "?v=3&", "?V=3", "#?v=3"] {
            assert_eq!(urls.meaning(&format!("file:///a.mjs{url}")), None, "{url}");
        }
    }

    #[test]
    fn a_user_query_is_a_url_of_its_own() {
        let mut urls = Urls::default();
        let module = ModuleId::new(0);
        urls.record("file:///a.mjs", module);
        assert!(!urls.is_taken(module, 5));
        let five = urls.record("file:///a.mjs?v=5", module);
        assert!(urls.is_taken(module, 5) && !urls.is_taken(module, 4));
        let url = urls.issue(&five, 5);
        assert_eq!(url, "file:///a.mjs?v=5&v=5");
        assert_eq!(urls.meaning(&url).map(|m| m.clean), Some(five));
    }
}
