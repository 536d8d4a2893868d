//! The fuzz targets over their corpus: what was found once, and that they compile. `scripts/fuzz.sh` fuzzes.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[path = "../fuzz/targets.rs"]
mod targets;

#[test]
fn inputs_that_were_kept() {
    type Target = (&'static str, fn(&[u8]));
    let all: [Target; 7] = [
        ("url", targets::url),
        ("settle", targets::settle),
        ("glob", targets::glob),
        ("source", targets::source),
        ("options", targets::options),
        ("place", targets::place),
        ("mounts", targets::mounts),
    ];
    for (name, target) in all {
        let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        let files: Vec<_> = std::fs::read_dir(folder).expect("there is a corpus").collect();
        assert!(!files.is_empty(), "{name}");
        for file in files {
            target(&std::fs::read(file.expect("it is listed").path()).expect("it can be read"));
        }
    }
}
