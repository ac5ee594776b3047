//! Records how the engine is built and of what, for `describe`.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

/// All that the engine's own code is made of. Other crates come by the lock file.
const SOURCES: [&str; 4] = ["Cargo.toml", "gguf/Cargo.toml", "gguf/src", "src"];

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
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    let checksum = checksum().expect("the engine's own sources can be read");
    println!("cargo::rustc-env=ENGINE_SOURCES=sha256:{checksum}");
}

/// The digest of what `sha256sum` prints for all files in the order of their names, so that anybody
/// can check it.
fn checksum() -> io::Result<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(source, &mut files)?;
    }
    files.sort();
    let mut list = Sha256::new();
    for file in files {
        let digest = hex(&Sha256::digest(fs::read(&file)?));
        list.update(format!("{digest}  {file}\n"));
    }
    Ok(hex(&list.finalize()))
}

/// The files of a folder; hidden ones are an editor's.
fn collect(path: &str, files: &mut Vec<String>) -> io::Result<()> {
    if !Path::new(path).is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().into_string();
        let name = name.map_err(|_| io::Error::other("a name that is not UTF-8"))?;
        if !name.starts_with('.') {
            collect(&format!("{path}/{name}"), files)?;
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
