//! Records how the engine is built, for `describe`.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_else(|| "rustc of unknown version".to_owned());
    println!("cargo::rustc-env=ENGINE_COMPILER={}", version.trim());
    for (name, source) in [
        ("ENGINE_OPT_LEVEL", "OPT_LEVEL"),
        ("ENGINE_TARGET", "TARGET"),
    ] {
        println!(
            "cargo::rustc-env={name}={}",
            env::var(source).unwrap_or_default()
        );
    }
}
