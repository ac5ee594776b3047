//! Writes the JSON Schema of every kind into a folder: `cargo run -p schemas -- schemas/json`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use schemas::{canonical, catalogue};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: write-schemas FOLDER");
        return ExitCode::from(64);
    };
    for entry in catalogue::entries() {
        let path = folder.join(format!("{}.schema.json", entry.name));
        let written = canonical::to_string(&entry.schema)
            .map_err(io::Error::other)
            .and_then(|text| std::fs::write(&path, text));
        if let Err(error) = written {
            eprintln!("{}: {error}", path.display());
            return ExitCode::from(70);
        }
    }
    ExitCode::SUCCESS
}
