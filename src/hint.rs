//! What to write so that a module becomes hot: up to three lines, with the code on one of its own. Pure.
//!
//! ```text
//!   routes/users.js ◀─ app.js ◀─ server.js, which listens       the cut: server.js ─▶ app.js
//!
//!   app.js is imported statically by server.js:2: to make it and all below it hot, write instead, with handler from 'hot-hook':
//!     const app = handler(() => import('./app.js', import.meta.hot?.boundary), 'app')
//!   It then runs again at each save below it: what it is to keep belongs in hot.keep().
//! ```

use crate::graph::EdgeKind;
use crate::place::import_line::{ImportLine, Name, Names};

/// What an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// It serves requests: an app or a router of Express, Hono, Koa, Fastify; a server.
    App,
    /// A function.
    Function,
    /// A class.
    Class,
    /// An object that has functions, or may have.
    Object,
    /// Text, numbers, and plain objects and lists of such: what configurations hold.
    Data,
}

/// Packages that keep what they are given: another import of that changes nothing.
const KEEPERS: [(&str, &[ExportKind]); 5] = [
    ("fastify", &[ExportKind::App, ExportKind::Function]),
    ("hono", &[ExportKind::App]),
    ("koa", &[ExportKind::App, ExportKind::Function, ExportKind::Object]),
    ("@nestjs/core", &[ExportKind::Class, ExportKind::Object]),
    ("@trpc/server", &[ExportKind::Object]),
];

/// What calls each function anew, and its errors: Express.
const CALLERS: [&str; 2] = ["express", "connect"];

/// What is known of the module that imports.
#[derive(Clone, Copy, Debug, Default)]
pub struct Importer<'a> {
    /// It was found to listen.
    pub listens: bool,
    /// The packages that it imports, as it is written.
    pub packages: &'a [&'a str],
}

impl Importer<'_> {
    fn has(&self, package: &str) -> bool {
        let is_of = |it: &&str| {
            it.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.packages.iter().any(is_of)
    }

    /// The package it imports that keeps such exports.
    fn keeper(&self, kind: ExportKind) -> Option<&'static str> {
        let mut keepers = KEEPERS.iter().filter(|(package, _)| self.has(package));
        keepers.find(|(_, kinds)| kinds.contains(&kind)).map(|(package, _)| *package)
    }
}

/// What stands for a function that runs today's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapper {
    Handler,
    Lazy,
}

impl Wrapper {
    fn name(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::Lazy => "lazy",
        }
    }
}

/// What is to be done about an import.
#[derive(Debug)]
pub struct Advice<'a> {
    line: Option<&'a ImportLine>,
    how: How<'a>,
}

#[derive(Debug)]
enum How<'a> {
    /// Functions that import it take the place of its exports.
    Wrap(Vec<(&'a Name, Wrapper)>),
    /// A function takes the place of all its exports.
    All(&'a str),
    /// The `import()` becomes one of a boundary.
    Mark,
    /// What serves moves to a file of its own, which this one imports.
    Serve(&'static str),
    /// How it is written is not known.
    Unread,
}

/// How often an import runs, as it is written now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// It is a declaration, or a `require()`, of the module that imports.
    AtStart,
    /// It is an `import()` that was seen only while the body of the module that imports ran: made a boundary, it would be taken once.
    InBody,
    /// It may be repeated.
    Again,
}

/// What can be done about the import that `line` shows, by which `importer` has imported it. `None` if it cannot become hot: its exports are used
/// where no import of ours can be. `kind_of`: what is known of an export.
pub fn advise<'a>(
    importer: Importer,
    line: Option<&'a ImportLine>,
    runs: Runs,
    kind_of: impl Fn(&str) -> Option<ExportKind>,
) -> Option<Advice<'a>> {
    let Some(found) = line else {
        return (runs != Runs::InBody).then_some(Advice { line, how: How::Unread });
    };
    let how = match &found.names {
        _ if runs == Runs::Again => How::Mark,
        Names::Single(names) => wrap(importer, names, kind_of)?,
        Names::All(local) => How::All(local),
        Names::Call | Names::Unknown => return None,
    };
    Some(Advice { line, how })
}

fn wrap<'a>(
    importer: Importer,
    names: &'a [Name],
    kind_of: impl Fn(&str) -> Option<ExportKind>,
) -> Option<How<'a>> {
    let kinds = names.iter().map(|name| kind_of(&name.export));
    let kinds: Vec<_> = kinds.collect();
    let is_data = |kind: &Option<ExportKind>| *kind == Some(ExportKind::Data);
    if kinds.iter().all(is_data) {
        return None;
    }
    // What is not known may be a function.
    let kinds = kinds.into_iter().map(|kind| kind.unwrap_or(ExportKind::Function));
    let kinds: Vec<_> = kinds.collect();
    if let Some(keeper) = kinds.iter().find_map(|&kind| importer.keeper(kind)) {
        return importer.listens.then_some(How::Serve(keeper));
    }
    let calls = CALLERS.iter().any(|package| importer.has(package));
    let is_one = names.len() == 1;
    let wrapper = |kind| match kind {
        ExportKind::App => Some(Wrapper::Handler),
        ExportKind::Function if importer.listens && is_one && !calls => Some(Wrapper::Handler),
        ExportKind::Function => Some(Wrapper::Lazy),
        ExportKind::Class | ExportKind::Object | ExportKind::Data => None,
    };
    let wrappers: Option<Vec<_>> = kinds.into_iter().map(wrapper).collect();
    Some(How::Wrap(names.iter().zip(wrappers?).collect()))
}

/// The import that a hint is about.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// Who imports, as people know it.
    pub importer: &'a str,
    /// What is imported.
    pub target: &'a str,
    /// The file that was saved.
    pub changed: &'a str,
    /// How.
    pub kind: EdgeKind,
    /// How often it runs.
    pub runs: Runs,
    /// Options make it a boundary already.
    pub is_boundary: bool,
    /// The importer is CommonJS, which has no `import.meta`.
    pub is_commonjs: bool,
}

impl Import<'_> {
    /// The import, as it is to be written.
    fn code(&self, specifier: &str) -> String {
        let attribute = match (self.is_boundary, self.is_commonjs) {
            (true, _) => "",
            (false, true) => ", { with: { hot: 'true' } }",
            (false, false) => ", import.meta.hot?.boundary",
        };
        format!("import({specifier}{attribute})")
    }

    /// How it is imported now.
    fn now(&self, line: Option<u32>) -> String {
        let subject = if self.target == self.changed {
            String::new()
        } else {
            format!("{} is ", self.target)
        };
        let importer = match line {
            Some(line) => format!("{}:{line}", self.importer),
            None => self.importer.to_owned(),
        };
        match self.kind {
            EdgeKind::Static => format!("{subject}imported statically by {importer}"),
            EdgeKind::Dynamic if self.runs == Runs::InBody => {
                format!("{subject}imported by {importer} while that starts, once")
            }
            EdgeKind::Dynamic => {
                format!("{subject}imported dynamically by {importer}, not as a boundary")
            }
            EdgeKind::Require if self.runs == Runs::Again => {
                format!("{subject}required by {importer}, not as a boundary")
            }
            EdgeKind::Require => format!("{subject}required by {importer}"),
        }
    }
}

/// What a module that is loaded again should know.
const AGAIN: &str =
    "It then runs again at each save below it: what it is to keep belongs in hot.keep().";

impl Advice<'_> {
    /// The hint.
    pub fn text(&self, import: &Import) -> String {
        let now = import.now(self.line.map(|line| line.line));
        let it = if import.target == import.changed { "it" } else { import.changed };
        let Some(line) = self.line else { return unread(import, &now, it) };
        match &self.how {
            How::Unread => unread(import, &now, it),
            How::Mark if import.kind == EdgeKind::Require => {
                format!("{now}: add it to `boundaries` to make {it} hot")
            }
            How::Mark => format!(
                "{now}: to make {it} hot, write instead, or add it to `boundaries`:\n  {}",
                import.code(&line.specifier)
            ),
            How::Wrap(names) => {
                let code = wrapped(&import.code(&line.specifier), names);
                format!(
                    "{now}: to make it and all below it hot, write instead, with {} from 'hot-hook':\n  {code}\n{AGAIN}",
                    wrappers(names)
                )
            }
            How::All(local) => format!(
                "{now}: to make it and all below it hot, write instead, and (await {local}()).name for each use of {local}.name:\n  const {local} = () => {}\n{AGAIN}",
                import.code(&line.specifier)
            ),
            How::Serve(package) => {
                let specifier = beside(&line.specifier);
                format!(
                    "{now}, which listens, and gives it to {package} for good. Move the app to a file of its own, and let {} only listen, with handler from 'hot-hook':\n  createServer(handler(() => {}, 'app')).listen(…)\nThat file then runs again at each save below it: what it is to keep belongs in hot.keep().",
                    import.importer,
                    Import { is_boundary: false, ..*import }.code(&specifier)
                )
            }
        }
    }
}

/// Where the importer's text does not show the import.
fn unread(import: &Import, now: &str, it: &str) -> String {
    match import.kind {
        EdgeKind::Dynamic => format!(
            "{now}: add it to `boundaries`, or import it with import.meta.hot?.boundary, to make {it} hot"
        ),
        EdgeKind::Require if import.runs == Runs::Again => {
            format!("{now}: add it to `boundaries` to make {it} hot")
        }
        EdgeKind::Static if import.is_boundary => {
            format!("{now}: import it dynamically, where it is used, to make {it} hot")
        }
        EdgeKind::Static | EdgeKind::Require => {
            format!(
                "{now}: import it dynamically, as a boundary, where it is used, to make {it} hot"
            )
        }
    }
}

/// The code that takes the place of an import.
fn wrapped(import: &str, names: &[(&Name, Wrapper)]) -> String {
    let call = |load: &str, (name, wrapper): &(&Name, Wrapper)| {
        let export = match name.export.as_str() {
            "default" => String::new(),
            export => format!(", '{export}'"),
        };
        format!("{} = {}({load}{export})", name.local, wrapper.name())
    };
    if let [name] = names {
        return format!("const {}", call(&format!("() => {import}"), name));
    }
    let calls: Vec<_> = names.iter().map(|name| call("load", name)).collect();
    format!("const load = () => {import}, {}", calls.join(", "))
}

/// The names of those that are used.
fn wrappers(names: &[(&Name, Wrapper)]) -> &'static str {
    let has = |wrapper| names.iter().any(|(_, it)| *it == wrapper);
    match (has(Wrapper::Handler), has(Wrapper::Lazy)) {
        (true, true) => "handler and lazy",
        (true, false) => "handler",
        _ => "lazy",
    }
}

/// A file for the app beside the importer, written as the importer writes others.
fn beside(specifier: &str) -> String {
    let mark = &specifier[..1];
    let name = specifier.rsplit('/').next().unwrap_or_default();
    let extension =
        name.trim_end_matches(mark).rsplit_once('.').map_or("", |(_, extension)| extension);
    let dot = if extension.is_empty() { "" } else { "." };
    format!("{mark}./app{dot}{extension}{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::import_line::Importing;

    /// What is known, beside the import.
    struct Case {
        text: &'static str,
        listens: bool,
        imports: &'static [&'static str],
        kinds: &'static [(&'static str, ExportKind)],
    }

    const STATIC: Import = Import {
        importer: "server.js",
        target: "app.js",
        changed: "services/users.js",
        kind: EdgeKind::Static,
        runs: Runs::AtStart,
        is_boundary: false,
        is_commonjs: false,
    };

    fn hint(import: &Import, case: &Case) -> String {
        let line = Importing::new(case.text.into()).find("./app.js");
        let importer = Importer { listens: case.listens, packages: case.imports };
        let kind_of =
            |name: &str| case.kinds.iter().find(|(of, _)| *of == name).map(|(_, kind)| *kind);
        let advice = advise(importer, line.as_ref(), import.runs, kind_of);
        advice.map_or_else(|| "-".to_owned(), |advice| advice.text(import))
    }

    /// The code, or all where there is none.
    fn code(
        text: &'static str,
        listens: bool,
        imports: &'static [&'static str],
        kinds: &'static [(&'static str, ExportKind)],
    ) -> String {
        let hint = hint(&STATIC, &Case { text, listens, imports, kinds });
        hint.lines().find_map(|line| line.strip_prefix("  ")).unwrap_or(&hint).to_owned()
    }

    #[test]
    fn an_app_that_a_server_imports() {
        let case = Case {
            text: "import { createServer } from 'node:http'\nimport { app } from './app.js'",
            listens: true,
            imports: &["./app.js"],
            kinds: &[("app", ExportKind::App)],
        };
        assert_eq!(
            hint(&STATIC, &case),
            "app.js is imported statically by server.js:2: to make it and all below it hot, write instead, with handler from 'hot-hook':\n  \
             const app = handler(() => import('./app.js', import.meta.hot?.boundary), 'app')\n\
             It then runs again at each save below it: what it is to keep belongs in hot.keep()."
        );
    }

    #[test]
    fn code_for_what_is_imported() {
        use ExportKind::{App, Class, Data, Function, Object};
        let one = "import a from './app.js'";
        let load = "import('./app.js', import.meta.hot?.boundary)";
        for (kind, listens, imports, expected) in [
            (App, false, &[] as &[&str], format!("const a = handler(() => {load})")),
            (Function, true, &[], format!("const a = handler(() => {load})")),
            (Function, true, &["express"], format!("const a = lazy(() => {load})")),
            (Function, false, &[], format!("const a = lazy(() => {load})")),
            (
                Function,
                true,
                &["fastify"],
                format!("createServer(handler(() => {load}, 'app')).listen(…)"),
            ),
            (Object, true, &["fastify"], "-".to_owned()),
            (Function, false, &["fastify"], "-".to_owned()),
            (
                Object,
                true,
                &["@trpc/server/adapters/standalone"],
                format!("createServer(handler(() => {load}, 'app')).listen(…)"),
            ),
            (Object, true, &["express"], "-".to_owned()),
            (Class, false, &[], "-".to_owned()),
            (Data, true, &["fastify"], "-".to_owned()),
            (Data, false, &[], "-".to_owned()),
        ] {
            let kinds: &'static [_] = Box::leak(Box::new([("default", kind)]));
            assert_eq!(
                code(one, listens, imports, kinds),
                expected,
                "{kind:?} {listens} {imports:?}"
            );
        }
    }

    #[test]
    fn code_for_several_names() {
        use ExportKind::{App, Data, Function};
        let text = "import { app, close as end } from './app.js'";
        assert_eq!(
            code(text, true, &[], &[("app", App), ("close", Function)]),
            "const load = () => import('./app.js', import.meta.hot?.boundary), app = handler(load, 'app'), end = lazy(load, 'close')"
        );
        assert_eq!(code(text, true, &[], &[("app", App), ("close", Data)]), "-");
        assert_eq!(
            code("import * as app from './app.js'", true, &[], &[]),
            "const app = () => import('./app.js', import.meta.hot?.boundary)"
        );
        assert_eq!(code("import './app.js'", true, &[], &[]), "-");
    }

    #[test]
    fn other_imports() {
        let case = |text| Case { text, listens: false, imports: &[], kinds: &[] };
        let changed = Import { changed: "app.js", ..STATIC };
        let import = Import { kind: EdgeKind::Dynamic, runs: Runs::Again, ..changed };
        assert_eq!(
            hint(&import, &case("f(() => import('./app.js'))")),
            "imported dynamically by server.js:1, not as a boundary: to make it hot, write instead, or add it to `boundaries`:\n  import('./app.js', import.meta.hot?.boundary)"
        );
        assert_eq!(
            hint(&import, &case("f(name)")),
            "imported dynamically by server.js, not as a boundary: add it to `boundaries`, or import it with import.meta.hot?.boundary, to make it hot"
        );
        let once = Import { runs: Runs::InBody, ..import };
        assert_eq!(
            hint(&once, &case("const { list } = await import('./app.js')")).lines().nth(1),
            Some(
                "  const list = lazy(() => import('./app.js', import.meta.hot?.boundary), 'list')"
            )
        );
        assert_eq!(hint(&once, &case("start(await import('./app.js'))")), "-");
        assert_eq!(hint(&once, &case("await import(name)")), "-");
        assert_eq!(
            hint(&changed, &case("import names from name")),
            "imported statically by server.js: import it dynamically, as a boundary, where it is used, to make it hot"
        );
        let required = Import { kind: EdgeKind::Require, is_commonjs: true, ..STATIC };
        assert_eq!(
            hint(&required, &case("const app = require('./app.js')")).lines().nth(1),
            Some("  const app = lazy(() => import('./app.js', { with: { hot: 'true' } }))")
        );
        let late = Import { runs: Runs::Again, ..required };
        assert_eq!(
            hint(&late, &case("exports.f = () => require('./app.js')")),
            "app.js is required by server.js:1, not as a boundary: add it to `boundaries` to make services/users.js hot"
        );
        let meant = Import { is_boundary: true, ..STATIC };
        assert_eq!(
            hint(&meant, &case("import { list } from './app.js'")).lines().nth(1),
            Some("  const list = lazy(() => import('./app.js'), 'list')")
        );
    }
}
