//! The hint for a cold module: which import to write otherwise, and how. What it says is in [`crate::hint`].

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::decision::{Cause, FullReload, Reason};
use crate::engine::Engine;
use crate::engine::lifecycle::instance::Body;
use crate::graph::{Cuts, Edge, EdgeKind, Import, Judge, ModuleId, ModuleKind, Visited};
use crate::hint::{self, Advice, ExportKind, Importer, Runs};
use crate::path::relative;
use crate::place::import_line::{ImportLine, Importing};
use crate::source::{decode, may_define_functions, says};
use crate::watch::parent;

/// What hints are found with.
pub(in crate::engine) struct Hints<'a> {
    engine: &'a Engine,
    /// The modules that stay, and all above them: where the app begins, and what listens.
    staying: Visited,
    texts: RefCell<FxHashMap<ModuleId, Option<Arc<str>>>>,
    importing: RefCell<FxHashMap<ModuleId, Rc<Importing>>>,
    lines: RefCell<FxHashMap<Import, Option<Rc<ImportLine>>>>,
    /// The packages that modules import, as they write it.
    packages: RefCell<FxHashMap<ModuleId, Rc<[&'a str]>>>,
}

/// No more files are read for the hints of one look at the graph: of other imports it is not known how they are written.
const MOST_READ: usize = 200;

impl Engine {
    /// The hint for a restart, if there is one.
    pub(in crate::engine) fn hint(&self, reload: &FullReload) -> Option<String> {
        if !matches!(reload.reason, Reason::Cold { .. }) {
            return None;
        }
        let path = match &reload.cause {
            Cause::Watched { by } => by,
            Cause::Changed | Cause::Invalidated { .. } => &reload.path,
        };
        let target = self.modules.find(path)?;
        let is_invalidated = matches!(reload.cause, Cause::Invalidated { .. });
        let cuts = self.modules.cuts(is_invalidated.then_some(target));
        let hints = Hints::new(self);
        hints.text(target, cuts.of(target, &hints), &reload.path)
    }
}

impl<'a> Hints<'a> {
    pub fn new(engine: &'a Engine) -> Self {
        let roots = engine.modules.roots().iter().map(|&(_, id)| id);
        let staying = engine.modules.leading_to(roots.chain(engine.evidence.listeners()));
        Self {
            engine,
            staying,
            texts: RefCell::default(),
            importing: RefCell::default(),
            lines: RefCell::default(),
            packages: RefCell::default(),
        }
    }

    /// The best cut of each module.
    pub fn all(&self, cuts: &Cuts) -> FxHashMap<ModuleId, Import> {
        cuts.all(self)
    }

    /// What is to be said of a module with that cut. `changed`: the file that is spoken of.
    pub fn text(&self, target: ModuleId, cut: Option<Import>, changed: &str) -> Option<String> {
        let Some(cut) = cut else { return self.kept_by(target) };
        let edge = self.edge(cut)?;
        let line = self.line(cut, edge);
        let advice = self.advice(cut, edge, line.as_deref())?;
        let show = |id: ModuleId| self.show(&self.engine.modules.get(id).path);
        let import = hint::Import {
            importer: &show(cut.0),
            target: &show(cut.1),
            changed: &self.show(changed),
            kind: edge.kind,
            runs: runs(edge),
            is_boundary: edge.meant_hot && !edge.by_attribute,
            is_commonjs: self.is_commonjs(cut.0, edge),
        };
        Some(advice.text(&import))
    }

    /// Where only packages import it: they load it once.
    fn kept_by(&self, target: ModuleId) -> Option<String> {
        let modules = &self.engine.modules;
        let importers = modules.importers(target);
        let is_packages = |&(id, _): &(ModuleId, _)| modules.get(id).kind == ModuleKind::Ignored;
        let (first, _) = importers.first().filter(|_| importers.iter().all(is_packages))?;
        let by = self.show(&modules.get(*first).path);
        Some(format!("{by} has loaded it, and may keep it: a restart is right here"))
    }

    /// A path as people know it: the lines of a hint are its own.
    fn show(&self, path: &str) -> String {
        self.engine.show(path).replace('\n', "\\u{a}").replace('\r', "\\u{d}")
    }

    fn edge(&self, cut: Import) -> Option<&'a Edge> {
        self.engine.modules.cold_imports(cut).next()
    }

    /// The import, as it is written in the importer's file.
    fn line(&self, cut: Import, edge: &Edge) -> Option<Rc<ImportLine>> {
        let known = self.lines.borrow().get(&cut).cloned();
        known.unwrap_or_else(|| {
            let line = self.read_line(cut, edge).map(Rc::new);
            self.lines.borrow_mut().insert(cut, line.clone());
            line
        })
    }

    fn read_line(&self, (importer, target): Import, edge: &Edge) -> Option<ImportLine> {
        let importing = self.importing(importer)?;
        if edge.kind != EdgeKind::Require {
            return importing.find(&edge.specifier);
        }
        // A `require` that passed no hook is known by its file alone, and `import()` adds no extension.
        let path = |id: ModuleId| &*self.engine.modules.get(id).path;
        let whole = specifier(path(importer), path(target));
        let short = whole.rsplit_once('.').map_or(&*whole, |(short, _)| short);
        let folder = short.strip_suffix("/index").unwrap_or(short);
        let written = [&*edge.specifier, &*whole, short, folder].into_iter();
        let line = written.filter(|it| !it.is_empty()).find_map(|it| importing.find(it))?;
        let is_package = !line.specifier[1..].starts_with('.');
        let specifier = if is_package { line.specifier } else { format!("'{whole}'") };
        Some(ImportLine { specifier, ..line })
    }

    fn importing(&self, id: ModuleId) -> Option<Rc<Importing>> {
        let text = self.text_of(id)?;
        let mut all = self.importing.borrow_mut();
        Some(all.entry(id).or_insert_with(|| Rc::new(Importing::new(text))).clone())
    }

    fn text_of(&self, id: ModuleId) -> Option<Arc<str>> {
        let mut texts = self.texts.borrow_mut();
        let may_read = texts.len() < MOST_READ;
        let read = || {
            let bytes = std::fs::read(&*self.engine.modules.get(id).path).ok()?;
            decode(&bytes).map(Arc::from)
        };
        texts.entry(id).or_insert_with(|| if may_read { read() } else { None }).clone()
    }

    fn packages_of(&self, id: ModuleId) -> Rc<[&'a str]> {
        let is_package = |it: &&str| !it.starts_with(['.', '/', '#']) && !it.contains(':');
        let read = || {
            let imports = self.engine.modules.imports(id).into_iter();
            imports.map(|(_, edge)| &*edge.specifier).filter(is_package).collect()
        };
        self.packages.borrow_mut().entry(id).or_insert_with(read).clone()
    }

    fn advice<'b>(
        &self,
        (importer, target): Import,
        edge: &Edge,
        line: Option<&'b ImportLine>,
    ) -> Option<Advice<'b>> {
        let listens = self.engine.evidence.listens(importer);
        let importer = Importer { listens, packages: &self.packages_of(importer) };
        let kind_of = |name: &str| match self.engine.evidence.exports(target) {
            Some(exports) => exports.get(name).copied(),
            None => self.is_data(target).then_some(ExportKind::Data),
        };
        hint::advise(importer, line, runs(edge), kind_of)
    }

    /// Whether a module of whose exports nothing was told exports nothing but data, of its own making.
    fn is_data(&self, id: ModuleId) -> bool {
        let exports = |text: &str| ["export", "exports"].iter().any(|word| says(text, word));
        self.engine.modules.imports(id).is_empty()
            && self.text_of(id).is_some_and(|text| exports(&text) && !may_define_functions(&text))
    }

    /// Whether the importer is CommonJS. What passed no hook is, if it requires.
    fn is_commonjs(&self, id: ModuleId, edge: &Edge) -> bool {
        let bodies = self.engine.lifecycle.of_module(id).map(|it| it.body);
        let known = bodies.filter(|body| *body != Body::Unknown).last();
        known.map_or(edge.kind == EdgeKind::Require, |body| body == Body::CommonJs)
    }
}

/// The specifier by which the module at `importer` imports the file `target`.
fn specifier(importer: &str, target: &str) -> String {
    let path = relative(parent(importer), target);
    if path.starts_with("../") { path } else { format!("./{path}") }
}

fn runs(edge: &Edge) -> Runs {
    match (edge.in_body, edge.may_be_hot()) {
        (true, _) => Runs::InBody,
        (false, true) => Runs::Again,
        (false, false) => Runs::AtStart,
    }
}

impl Judge for Hints<'_> {
    fn is_meant(&self, cut: Import) -> bool {
        let is_meant = |edge: &Edge| edge.meant_hot && !edge.may_be_hot();
        self.engine.modules.cold_imports(cut).any(is_meant)
    }

    fn is_good(&self, cut: Import) -> bool {
        let (importer, target) = cut;
        let modules = &self.engine.modules;
        let is_users = |id: ModuleId| modules.get(id).kind == ModuleKind::File;
        let may_run_again = !self.staying.contains(target) && !modules.get(target).is_json;
        is_users(importer)
            && is_users(target)
            && may_run_again
            && self.edge(cut).is_some_and(|edge| {
                let line = self.line(cut, edge);
                self.advice(cut, edge, line.as_deref()).is_some()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifiers_of_files() {
        for (importer, target, expected) in [
            ("/a/server.js", "/a/app.js", "./app.js"),
            ("/a/server.js", "/a/b/c.js", "./b/c.js"),
            ("/a/b/c/d.js", "/a/b/e/f.js", "../e/f.js"),
            ("/a/b/c.js", "/a/d.js", "../d.js"),
            ("/a/b.js", "/c/d.js", "../c/d.js"),
        ] {
            assert_eq!(specifier(importer, target), expected);
        }
    }
}
