//! Links the addon against Node-API, and tells it the version of the package that it belongs to.
use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=package.json");
    let manifest = fs::read_to_string("package.json")?;
    let version = manifest.split_once("\"version\": \"").and_then(|(_, rest)| rest.split_once('"'));
    let (version, _) = version.ok_or("package.json has no version")?;
    println!("cargo:rustc-env=HOT_HOOK_VERSION={version}");
    napi_build::setup();
    Ok(())
}
