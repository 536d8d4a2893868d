//! A module's text: what it says of itself. Nothing is parsed: a word in a comment or a string counts, which costs a
//! prelude or a wait too many, which does no harm.

use memchr::memmem;

/// The text of a file as Node decodes it: UTF-8, without a byte order mark. `None` if it is anything else.
pub fn decode(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()
}

/// Whether a module could notice that it has no prelude: it says `import.meta` or `import()`. One that does not has no
/// handlers, and all that it imports is static. So its first instance is left as it was written, columns included.
pub fn needs_prelude(text: &str) -> bool {
    words(text, "import").any(|rest| rest.trim_start_matches(is_space).starts_with(['.', '(', '/']))
}

/// Whether it may import by `import()`.
pub fn may_import(text: &str) -> bool {
    words(text, "import").any(|rest| rest.trim_start_matches(is_space).starts_with(['(', '/']))
}

/// Whether it may use `import.meta.hot`, by whichever syntax: it says both `import.meta` and `hot`.
pub fn may_use_hot(text: &str) -> bool {
    let says_meta = words(text, "import").any(|rest| {
        let rest = rest.trim_start_matches(is_space);
        rest.starts_with(['.', '/'])
    });
    says_meta && says(text, "hot")
}

/// Whether it says a word.
pub fn says(text: &str, word: &str) -> bool {
    words(text, word).any(|rest| !rest.starts_with(is_word))
}

/// Whether it may hold a function or a class: what holds none is data, or what others have made.
pub fn may_define_functions(text: &str) -> bool {
    let has_body = || {
        memmem::find_iter(text.as_bytes(), ")")
            .any(|at| text[at + 1..].trim_start_matches(is_space).starts_with('{'))
    };
    text.contains("=>") || says(text, "function") || says(text, "class") || has_body()
}

/// Whether its body may wait.
pub fn awaits(text: &str) -> bool {
    says(text, "await")
}

/// The URL of the source map that a text names, if it is in a file of its own: at the start of a line, or at the end of all.
pub fn map_url(bytes: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b"sourceMappingURL=";
    let last = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_end_matches(is_space).len(),
        Err(_) => bytes.trim_ascii_end().len(),
    };
    memmem::rfind_iter(bytes, NAME)
        .find_map(|at| {
            let (before, rest) = (&bytes[..at], &bytes[at + NAME.len()..]);
            let [line @ .., b'/', b'/' | b'*', b'#' | b'@', b' ' | b'\t'] = before else {
                return None;
            };
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            let url = std::str::from_utf8(&rest[..end]).ok();
            let url = url.map(|url| &url[..url.find(is_space).unwrap_or(url.len())]);
            let end = at + NAME.len() + url.map_or(end, str::len);
            let is_line = line.last().is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
            (is_line || end >= last).then_some(url)
        })?
        .filter(|url| !url.is_empty() && !url.starts_with("data:"))
}

/// What follows each place where `word` begins a word.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    memmem::find_iter(text.as_bytes(), word)
        .filter(|&at| !text[..at].ends_with(is_word))
        .map(move |at| &text[at + word.len()..])
}

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// White space as JavaScript has it.
fn is_space(char: char) -> bool {
    char.is_whitespace() && char != '\u{85}' || char == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_may_use_hot() {
        for (text, expected) in [
            ("import.meta.hot?.dispose(f)", true),
            ("import\n.meta\n.hot", true),
            ("const { hot } = import.meta", true),
            ("import.meta['hot']", true),
            ("import.meta.url; photo(); hotel", false),
            ("hot", false),
            ("import { hot } from './hot.mjs'", false),
        ] {
            assert_eq!(may_use_hot(text), expected, "{text}");
        }
    }

    #[test]
    fn a_module_that_could_notice() {
        for (text, expected) in [
            ("import.meta", true),
            ("x = import ( './a' )", true),
            ("import\u{a0}\n/* a comment */.meta", true),
            ("$import.meta", true),
            ("import './a.mjs'", false),
            ("import { meta } from './a.mjs'", false),
            ("reimport.meta", false),
            ("_import(x)", false),
            ("éimport.meta", true),
            ("important.meta", false),
            ("import", false),
            ("", false),
        ] {
            assert_eq!(needs_prelude(text), expected, "{text}");
        }
    }

    #[test]
    fn a_module_that_may_import() {
        for (text, expected) in [
            ("await import('./a.mjs')", true),
            ("import/* a comment */('./a.mjs')", true),
            ("import.meta.url", false),
            ("import './a.mjs'", false),
            ("reimport('./a.mjs')", false),
        ] {
            assert_eq!(may_import(text), expected, "{text}");
        }
    }

    #[test]
    fn a_module_that_may_define_functions() {
        for (text, expected) in [
            ("export const f = () => 1", true),
            ("export default function f() {}", true),
            ("export class A {}", true),
            ("export default { f() { return 1 } }", true),
            ("export default { port: Number(process.env.PORT) }", false),
            ("export const app = express()\napp.use(users)", false),
            ("", false),
        ] {
            assert_eq!(may_define_functions(text), expected, "{text}");
        }
    }

    #[test]
    fn a_module_that_may_wait() {
        for (text, expected) in [
            ("await x", true),
            ("(await/**/x)", true),
            ("for await(const x of y);", true),
            ("awaits", false),
            ("noawait x", false),
            ("await", true),
            ("", false),
        ] {
            assert_eq!(awaits(text), expected, "{text}");
        }
    }

    #[test]
    fn the_map_that_a_text_names() {
        for (text, expected) in [
            ("a()\n//# sourceMappingURL=a.map", Some("a.map")),
            ("//# sourceMappingURL=a.map\r\nb()", Some("a.map")),
            ("a() //# sourceMappingURL=a.map \n\n", Some("a.map")),
            ("a() //# sourceMappingURL=a.map\nb()", None),
            ("//# sourceMappingURL=a.map\n//@ sourceMappingURL=b.map", Some("b.map")),
            ("//# sourceMappingURL=a.map\n`sourceMappingURL=`", Some("a.map")),
            ("//# sourceMappingURL=data:application/json;base64,e30=", None),
            ("//# sourceMappingURL=", None),
            ("//# sourceMappingURL=a\u{a0}b", Some("a")),
            ("a() //# sourceMappingURL=a.map\u{2028}\u{b}", Some("a.map")),
            ("a() //# sourceMappingURL=a.map\u{a0}b", None),
            ("sourceMappingURL=a.map", None),
            ("", None),
        ] {
            assert_eq!(map_url(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn text_as_node_decodes_it() {
        assert_eq!(decode(b"a"), Some("a"));
        assert_eq!(decode("\u{feff}é".as_bytes()), Some("é"));
        assert_eq!(decode("\u{feff}\u{feff}".as_bytes()), Some("\u{feff}"));
        assert_eq!(decode(b"\xff"), None);
    }
}
