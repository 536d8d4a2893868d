//! What a change would do is what it does: the explanation and the decision are one.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/folder.rs"]
mod folder;
#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/node.rs"]
mod node;

use hot_hook::engine::{Explanation, Outcome};
use node::{MAIN, Node};
use serde_json::json;

/// An explanation in one line, with names in place of paths.
fn explain(node: &Node, name: &str) -> String {
    let Explanation {
        path,
        version,
        outcome,
        boundaries,
        chain,
        text,
        hint,
        invalidates,
        taken_once: _,
    } = node.engine.explain(&node.folder.path(name));
    let folder = node.folder.path("");
    let short =
        |path: &str| path.strip_prefix(&folder).unwrap_or(path).trim_start_matches('/').to_owned();
    let names = |paths: &[std::sync::Arc<str>]| {
        paths.iter().map(|path| short(path)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(short(&path), name);
    let chain: Vec<_> = chain
        .iter()
        .map(|step| format!("{}{}", step.kind.map_or("", |kind| kind.name()), short(&step.path)))
        .collect();
    let parts = [
        format!("{} v{version}", json!(outcome).as_str().expect("a name")),
        names(&boundaries),
        names(&invalidates),
        chain.join(" > "),
        text.unwrap_or_default(),
        hint.unwrap_or_default(),
    ];
    parts.join(" | ").trim_end_matches([' ', '|']).to_owned()
}

/// `app` imports `config` statically and `routes` dynamically; `page` is a boundary, and so is `admin`.
fn site() -> Node {
    let mut node = Node::with(
        &json!({ "ignore": ["lib/**"], "restart": [".env"] }),
        &[
            ("page.mjs", "page\nimport ./part.mjs"),
            ("admin.mjs", "admin\nimport ./part.mjs"),
            ("part.mjs", "part\nimport ./lib/dep.mjs"),
            ("lib/dep.mjs", "dep"),
            ("routes.mjs", "routes\nimport ./config.mjs"),
            ("config.mjs", "config"),
        ],
    );
    for name in ["./page.mjs", "./admin.mjs"] {
        node.hot(name).expect("it runs");
    }
    node.import(MAIN, "app.mjs", "./routes.mjs", false).expect("it runs");
    node
}

#[test]
fn what_is_hot_names_its_boundaries_and_what_would_run_again() {
    let node = site();
    assert_eq!(
        explain(&node, "part.mjs"),
        "hot v0 | page.mjs admin.mjs | part.mjs page.mjs admin.mjs"
    );
    assert_eq!(explain(&node, "page.mjs"), "hot v0 | page.mjs | page.mjs");
}

#[test]
fn it_is_what_a_change_then_does() {
    let mut node = site();
    for n in 1..4 {
        let Explanation { invalidates, .. } = node.engine.explain(&node.folder.path("part.mjs"));
        node.write("part.mjs", &format!("part{n}"));
        node.hot("./page.mjs").expect("it runs");
        let names: Vec<_> =
            invalidates.iter().map(|path| path.rsplit('/').next().expect("a name")).collect();
        assert_eq!(node.told(), format!("invalidated {}", names.join(" ")));
        assert!(explain(&node, "part.mjs").starts_with(&format!("hot v{n} ")));
        node.hot("./admin.mjs").expect("it runs");
    }
}

#[test]
fn what_is_cold_has_its_chain_and_the_one_change_that_would_make_it_hot() {
    let node = site();
    assert_eq!(
        explain(&node, "config.mjs"),
        "restart v0 |  |  | app.mjs > dynamicroutes.mjs > staticconfig.mjs \
         | config.mjs changed, which no boundary makes hot: app.mjs ─dynamic→ routes.mjs ─static→ config.mjs \
         | routes.mjs is imported dynamically by app.mjs, not as a boundary: add it to `boundaries`, or import it with import.meta.hot?.boundary, to make config.mjs hot"
    );
    assert_eq!(
        explain(&node, "app.mjs"),
        "restart v0 |  |  | app.mjs | app.mjs changed, which is where the app begins"
    );
}

#[test]
fn what_has_declined_says_so() {
    let mut node = site();
    let url = node.url("page.mjs");
    let page = node.engine.find(MAIN, &url).expect("it is there");
    node.engine.decline(page);
    assert_eq!(
        explain(&node, "part.mjs"),
        "declined v0 |  |  |  | part.mjs changed, and page.mjs declines hot reload"
    );
    assert_eq!(
        explain(&node, "page.mjs"),
        "declined v0 |  |  |  | page.mjs changed, which declines hot reload"
    );
    assert!(explain(&node, "admin.mjs").starts_with("hot"));
}

#[test]
fn files_that_are_no_modules() {
    let node = site();
    assert_eq!(
        explain(&node, ".env"),
        "restart v0 |  |  |  | .env changed, which matches restart: \".env\""
    );
    assert_eq!(explain(&node, "lib/dep.mjs"), "ignored v0");
    assert_eq!(explain(&node, "lib/other.mjs"), "ignored v0");
    assert_eq!(explain(&node, "nobody.mjs"), "unknown v0");
    assert_eq!(node.engine.explain("data:").outcome, Outcome::Unknown);
}

#[test]
fn what_nothing_reaches_any_more_is_unknown() {
    let mut node = site();
    node.write("routes.mjs", "routes");
    node.write("page.mjs", "page");
    node.write("admin.mjs", "admin");
    for name in ["./page.mjs", "./admin.mjs"] {
        node.hot(name).expect("it runs");
    }
    assert_eq!(explain(&node, "part.mjs"), "unknown v0");
}
