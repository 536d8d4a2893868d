//! URLs: what was issued is found again, and nothing else is taken for it.

use hot_hook::graph::ModuleId;
use hot_hook::url::{Meaning, Urls, path_of, url_of, versioned};
use parking_lot::Mutex;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rustc_hash::FxHashMap;
use serde_json::json;

use crate::oracle::Oracle;

/// Ends of URLs that users may write, most of them close to what we write ourselves.
fn tail() -> impl Strategy<Value = String> {
    let part = select(vec![
        "?",
        "&",
        "#",
        "v=",
        "v",
        "=",
        "0",
        "1",
        "2",
        "3",
        "03",
        "+3",
        "-1",
        "4294967295",
        "4294967296",
        "%3F",
        "raw",
        "/",
        ";",
    ]);
    vec(part, 0..7).prop_map(|parts| parts.concat())
}

fn url() -> impl Strategy<Value = String> {
    (select(vec!["file:///a.mjs", "file:///b", "data:text/javascript,1"]), tail())
        .prop_map(|(start, tail)| format!("{start}{tail}"))
}

#[derive(Debug, Clone)]
enum Action {
    /// A user imports a URL.
    Import(String),
    /// The module of one of the URLs so far is invalidated so many times, and then imported again.
    Reload(usize, u32),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        url().prop_map(Action::Import),
        (any::<usize>(), 1..4_u32).prop_map(|(which, times)| Action::Reload(which, times)),
    ]
}

/// The table, and what it ought to hold.
#[derive(Default)]
struct Table {
    urls: Urls,
    /// The users' URLs; each stands for the module of its index.
    clean: Vec<String>,
    versions: Vec<u32>,
    issued: FxHashMap<String, (usize, u32)>,
}

impl Table {
    fn apply(&mut self, action: Action) {
        match action {
            Action::Import(url)
                if !self.issued.contains_key(&url) && !self.clean.contains(&url) =>
            {
                self.urls.record(&url, ModuleId::new(self.clean.len()));
                self.clean.push(url);
                self.versions.push(0);
            }
            Action::Reload(which, times) if !self.clean.is_empty() => {
                let which = which % self.clean.len();
                let mut version = self.versions[which] + times;
                while self.urls.is_taken(ModuleId::new(which), version) {
                    version += 1;
                }
                self.versions[which] = version;
                let url = self.urls.issue(&self.clean[which], version);
                self.issued.insert(url, (which, version));
            }
            _ => {}
        }
    }

    fn expected(&self, url: &str) -> Option<Meaning> {
        let own = self.clean.iter().position(|clean| clean == url).map(|index| (index, 0));
        let (index, version) = own.or_else(|| self.issued.get(url).copied())?;
        let clean = self.clean[index].as_str().into();
        Some(Meaning { module: ModuleId::new(index), clean, version })
    }
}

proptest! {
    #[test]
    fn meaning_inverts_issue_and_leaves_all_else_to_the_users(
        actions in vec(action(), 1..24),
        others in vec(url(), 8),
    ) {
        let mut table = Table::default();
        for action in actions {
            table.apply(action);
        }
        let issued = table.issued.keys();
        // The same numbers, as a user may write them.
        let respelt = issued.flat_map(|url| {
            let at = url.rfind("v=").map_or(0, |at| at + 2);
            let (before, after) = url.split_at(at);
            [format!("{before}0{after}"), format!("{before}+{after}"), url.replace('?', "&"), format!("{url}&")]
        });
        for url in table.issued.keys().cloned().chain(table.clean.iter().cloned()).chain(respelt).chain(others) {
            prop_assert_eq!(table.urls.meaning(&url), table.expected(&url), "{}", url);
        }
    }

    #[test]
    fn a_version_changes_neither_the_path_nor_the_fragment(url in url(), version in 1..u32::MAX) {
        let with = versioned(&url, version);
        prop_assert_eq!(path_of(&with), path_of(&url));
        let fragment = |url: &str| url.split_once('#').map(|(_, fragment)| fragment.to_owned());
        prop_assert_eq!(fragment(&with), fragment(&url));
    }

    #[test]
    fn a_path_survives_its_url(path in "(/([%?#&=+;:~ \t\\\\0-9a-fé]|[^\0/]){0,8}){1,4}") {
        prop_assert_eq!(path_of(&url_of(&path)), Some(path));
    }

    #[test]
    fn any_text_may_be_a_url(text in any::<String>(), version: u32) {
        let _ = path_of(&text);
        let mut urls = Urls::default();
        let clean = urls.record(&text, ModuleId::new(0));
        let url = urls.issue(&clean, version);
        prop_assert_eq!(urls.meaning(&url), Some(Meaning { module: ModuleId::new(0), clean, version }));
    }
}

/// A name that is neither `.` nor `..`, which Node takes out of paths.
fn name() -> impl Strategy<Value = String> {
    let odd =
        select(" \"#%<>?[\\]^`{|}~\t\n\r\u{7f}\u{1}!$&'()*+,-.:;=@_".chars().collect::<Vec<_>>());
    let char = prop_oneof![3 => odd, 1 => any::<char>().prop_filter("of a name", |c| !matches!(c, '/' | '\0'))];
    vec(char, 1..6).prop_map(|chars| format!("{}x", String::from_iter(chars)))
}

#[test]
fn paths_and_urls_are_those_of_node() {
    let node = Mutex::new(Oracle::start("urls.mjs"));
    let encoded = vec(
        select(vec![
            "a", "/b", "%20", "%2F", "%2f", "%5C", "%C3%A9", "%C3", "%FF", "%", "%zz", "%0", "%00",
            "[", "]", "~", "é", " ", "^", "|", "?x=%", "#y%", "%25", "%7E", "+", ":",
        ]),
        0..8,
    );
    proptest!(|(names in vec(name(), 1..4), encoded in encoded)| {
        let path = format!("/{}", names.join("/"));
        let (url, back): (String, Option<String>) = node.lock().ask(&json!({ "path": path }));
        prop_assert_eq!(url_of(&path), url.as_str());
        prop_assert_eq!(path_of(&url), back);
        let (url, path): (String, Option<String>) = node.lock().ask(&json!({ "url": format!("file:///{}", encoded.concat()) }));
        prop_assert_eq!(path_of(&url), path, "{}", url);
    });
}
