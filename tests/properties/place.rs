//! The place of an error: whatever texts there are, it is found or not, and the frame points to it.

use hot_hook::place::{Facts, Look, Mapped, describe};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;

const PRELUDE: &str = "import.meta.hot=HOT;";

/// One file, `/app/a.mjs`, whose second version has a prelude.
struct App(String);

impl Look for App {
    fn absolute(&self, path: &str) -> Option<String> {
        Some(format!("/app/{path}"))
    }
    fn read(&self, path: &str) -> Option<Arc<str>> {
        (path == "/app/a.mjs").then(|| self.0.as_str().into())
    }
    fn clean(&self, url: &str) -> Option<String> {
        url.strip_suffix("?v=2").map(str::to_owned)
    }
    fn has_prelude(&self, url: &str) -> Option<bool> {
        Some(url.ends_with("?v=2"))
    }
    fn current(&self, _: &str) -> Option<String> {
        None
    }
    fn map(&self, _: &str, _: u32, _: u32) -> Option<Mapped> {
        None
    }
    fn has_map(&self, _: &str) -> bool {
        false
    }
}

/// Parts of a source, without a mark.
fn source() -> impl Strategy<Value = String> {
    let part = select(vec![
        "a", ";", " ", "\t", "\n", "\r\n", "\u{2028}", "é", "漢", "𝒳", "\u{1b}", "(", "'", "`",
    ]);
    vec(part, 0..40).prop_map(|parts| parts.concat())
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("texts are short")
}

/// Line and column as V8 counts them, from 1, at the end of a text.
fn of_v8(text: &str) -> (u32, u32) {
    let text = text.replace("\r\n", "\n").replace(['\u{2028}', '\u{2029}', '\r'], "\n");
    let last = text.rsplit('\n').next().unwrap_or_default();
    (number(text.matches('\n').count()) + 1, number(last.encode_utf16().count()) + 1)
}

/// The same, as editors do.
fn of_editor(text: &str) -> (u32, u32) {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let last = text.rsplit('\n').next().unwrap_or_default();
    (number(text.matches('\n').count()) + 1, number(last.encode_utf16().count()) + 1)
}

proptest! {
    #[test]
    fn a_frame_of_the_stack_leads_to_its_place(before in source(), after in source(), is_second: bool, has_hashbang: bool) {
        let hashbang = if has_hashbang { "#!/usr/bin/env node\n" } else { "" };
        let before = format!("{hashbang}{before}x");
        let text = format!("{before}THROW{after}");
        let (line, column) = of_v8(&before);
        let (url, shift) = if is_second { ("file:///app/a.mjs?v=2", number(PRELUDE.len())) } else { ("file:///app/a.mjs", 0) };
        let shift = if line == 1 + u32::from(has_hashbang) { shift } else { 0 };
        let stack = format!("Error: oh\n    at f (node:fs:1:2)\n    at g ({url}:{line}:{})\n    at file:///app/b.mjs:1:1", column + shift);
        let facts = Facts {
            name: "Error".to_owned(), message: "oh".to_owned(), stack: Some(stack),
            preludes: vec![PRELUDE.to_owned()], ..Facts::default()
        };
        let found = describe(&facts, &App(text));
        prop_assert_eq!(found.file.as_deref(), Some("/app/a.mjs"));
        prop_assert_eq!(found.position.map(|at| (at.line, at.column)), Some(of_editor(&before)));
        let frame = found.frame.expect("there is one");
        let rows: Vec<_> = frame.lines().collect();
        let failing = rows[rows.len() - 2];
        prop_assert!(failing.starts_with("  > "), "{}", frame);
        // What is as wide as it is long shows where the caret points.
        if failing.is_ascii() {
            let caret = rows[rows.len() - 1].len() - 1;
            prop_assert!(failing[caret..].starts_with("THROW"), "{}", frame);
        }
    }

    #[test]
    fn any_texts_may_be_an_error(message in any::<String>(), stack in any::<String>(), arrow: Option<String>, code: Option<String>, noted: Option<(u32, u32)>, text in any::<String>()) {
        for stack in [stack.clone(), format!("/app/a.mjs:{}\n{stack}", message.len()), format!("x: {message}\n    at ({stack}")] {
            let facts = Facts { name: "SyntaxError".to_owned(), message: message.clone(), stack: Some(stack), arrow: arrow.clone(), code: code.clone(), noted, ..Facts::default() };
            let found = describe(&facts, &App(text.clone()));
            prop_assert!(found.frame.is_none_or(|frame| frame.lines().count() <= 4));
        }
    }
}
