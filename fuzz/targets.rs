//! What the fuzz targets check, each for any bytes: nothing panics, overflows or hangs, and what must hold does.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use hot_hook::config::{Options, Origin, options_in};
use hot_hook::glob::Matcher;
use hot_hook::graph::ModuleId;
use hot_hook::package::{FIELDS, Manifest};
use hot_hook::place::{self, Facts, Look, Mapped};
use hot_hook::source;
use hot_hook::url::{Urls, path_of, url_of};
use hot_hook::watch::settle::FileEvent::{Modified, Removed, Written};
use hot_hook::watch::settle::{QUIET, Settle};

/// Lines: a URL that a user imports, or `r` and which of those so far is reloaded.
pub fn url(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (mut urls, mut clean, mut issued) =
        (Urls::default(), Vec::<(&str, u32)>::new(), BTreeMap::new());
    for line in text.lines().take(64) {
        if let Some(path) = path_of(line) {
            assert_eq!(path_of(&url_of(&path)).as_deref(), Some(path.as_str()));
        }
        let which = line.strip_prefix('r').and_then(|which| which.parse::<usize>().ok());
        if let Some(which) = which.filter(|which| *which < clean.len()) {
            let (url, version) = &mut clean[which];
            *version += 1;
            while urls.is_taken(ModuleId::new(which), *version) {
                *version += 1;
            }
            issued.insert(urls.issue(url, *version), (which, *version));
        } else if urls.meaning(line).is_none() {
            urls.record(line, ModuleId::new(clean.len()));
            clean.push((line, 0));
        } else {
            let own = clean.iter().any(|(url, _)| *url == line);
            assert!(own || issued.contains_key(line), "{line} was not issued");
        }
    }
    for (url, (which, version)) in issued {
        let meaning = urls.meaning(&url).expect("what was issued is known");
        assert_eq!((meaning.module, meaning.version), (ModuleId::new(which), version), "{url}");
        assert_eq!(&*meaning.clean, clean[which].0);
    }
}

/// Bytes: two bits of what happened, six of to which file; or that time goes by.
pub fn settle(input: &[u8]) {
    let (mut settle, mut now) = (Settle::default(), Instant::now());
    let mut open = BTreeMap::new();
    for byte in input {
        let path = format!("/{}", byte & 0x3f);
        let event = match byte >> 6 {
            0 => Written,
            1 => Modified,
            2 => Removed,
            _ => {
                now += Duration::from_millis(u64::from(byte & 0x3f));
                for due in settle.due(now) {
                    let at = open.remove(&*due).expect("nothing is looked at for nothing");
                    assert!(now >= at + QUIET);
                }
                continue;
            }
        };
        if settle.push(&path, event, now) {
            open.remove(&path);
        } else {
            open.insert(path, now);
        }
        assert_eq!(settle.deadline(), open.values().min().map(|at| *at + QUIET));
    }
    let rest = settle.due(now + QUIET);
    assert_eq!(rest.len(), open.len(), "no path is forgotten");
    assert!(settle.is_empty());
}

/// Lines: patterns, and a path at the end.
pub fn glob(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut patterns: Vec<&str> = text.split('\n').collect();
    let path = patterns.pop().unwrap_or_default();
    match Matcher::new(Path::new("/project"), &patterns) {
        Ok(matcher) => {
            assert_eq!(matcher.is_match(path), matcher.matching(path).is_some());
            assert!(!matcher.is_empty() || !matcher.is_match(path));
            assert!(matcher.bases().iter().all(|base| base.directory.starts_with('/')));
            assert!(matcher.each().count() <= patterns.len());
        }
        Err(error) => {
            assert!(patterns.contains(&error.pattern.as_str()) || patterns.len() > 1, "{error}");
        }
    }
}

pub fn source(input: &[u8]) {
    if let Some(url) = source::map_url(input) {
        assert!(
            !url.is_empty()
                && !url.starts_with("data:")
                && !url.contains(['\u{a0}', '\u{2028}', ' ', '\n'])
        );
    }
    let Some(text) = source::decode(input) else { return };
    // Who may use `import.meta.hot` has the prelude that makes it.
    assert!(!source::may_use_hot(text) || source::needs_prelude(text));
    let more = format!("{text}\nimport.meta.hot; await 1");
    assert!(source::may_use_hot(&more) && source::awaits(&more));
}

pub fn options(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(manifest) = Manifest::parse(text) {
        let _ = (manifest.name(), manifest.version());
        assert!(manifest.differs(&manifest, &FIELDS).is_empty());
    }
    let origin = Origin { name: "/p/package.json#hotHook", base: "/p", env_watch: None };
    let of_file = options_in("/p/package.json", text);
    for given in of_file.into_iter().chain(serde_json::from_str(text)) {
        let Ok(options) = Options::parse(&given, &origin) else { continue };
        let config = options.complete(&origin).expect("what was taken can be completed");
        let again = options.clone().merge(options).complete(&origin).expect("as before");
        assert!(config.differences(&again).is_empty());
    }
}

/// A message, a stack, what Node puts before it and a file, between lines `--`: whatever they are, and wherever V8 says that it is, the place
/// lies in the file, and the frame has no more than its lines.
pub fn place(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut parts = text.split("\n--\n");
    let mut next = || parts.next().unwrap_or_default().to_owned();
    let (names, message, stack, arrow, file) = (next(), next(), next(), next(), next());
    let mut names = names.lines();
    let facts = Facts {
        name: names.next().unwrap_or_default().to_owned(),
        code: names.next().map(str::to_owned),
        noted: names.next().and_then(|line| line.parse().ok()).map(|line| (line, 7)),
        message,
        stack: Some(stack),
        arrow: Some(arrow).filter(|arrow| !arrow.is_empty()),
        url: Some("file:///a.ts?v=2".to_owned()),
        files: vec!["/a.ts".to_owned()],
        preludes: vec!["import.meta.hot;await 1;".to_owned(), "import.meta.hot;".to_owned()],
        is_mapped: input.len().is_multiple_of(2),
        own: vec!["file:///own/".to_owned()],
        ..Facts::default()
    };
    let described = place::describe(&facts, &OneFile(file.as_str().into()));
    let _ = place::has_place(&facts);
    assert!(described.message.len() <= 4004);
    let lines = || file.split(['\n', '\r']).count();
    for at in described.position.iter().filter(|_| described.frame.is_some()) {
        assert!(at.line >= 1 && at.line as usize <= lines() && at.column >= 1);
    }
    let rows = described.frame.as_deref().map_or(0, |frame| frame.lines().count());
    assert!(rows <= 4);
}

/// There is but one file, and its map.
struct OneFile(std::sync::Arc<str>);

impl Look for OneFile {
    fn absolute(&self, path: &str) -> Option<String> {
        Some(format!("/{path}"))
    }
    fn read(&self, path: &str) -> Option<std::sync::Arc<str>> {
        (path == "/a.ts").then(|| self.0.clone())
    }
    fn clean(&self, url: &str) -> Option<String> {
        url.strip_suffix("?v=2").map(str::to_owned)
    }
    fn has_prelude(&self, url: &str) -> Option<bool> {
        url.ends_with("?v=2").then_some(true)
    }
    fn current(&self, url: &str) -> Option<String> {
        Some(format!("{url}?v=2"))
    }
    fn map(&self, url: &str, line: u32, column: u32) -> Option<Mapped> {
        let source = "file:///a.ts".to_owned();
        self.has_map(url).then_some(Mapped { source, line: line / 2, column: column / 2 })
    }
    fn has_map(&self, url: &str) -> bool {
        url.len().is_multiple_of(3)
    }
}

#[cfg(target_os = "linux")]
pub fn mounts(input: &[u8]) {
    let points = hot_hook::watch::mounts::parse(input);
    let lines = input.split(|byte| *byte == b'\n').count();
    assert!(points.len() <= lines);
    assert_eq!(points, hot_hook::watch::mounts::parse(&[input, b"\nno line"].concat()));
}

#[cfg(not(target_os = "linux"))]
pub fn mounts(_: &[u8]) {}
