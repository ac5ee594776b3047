//! What a merged run keeps of one case.
//!
//! Nothing is written that is there already, and the receipt is the last: a merge that is broken off
//! leaves files of which each is whole, and the same merge again goes on from there.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use schemas::canonical;
use schemas::receipt::Receipt;
use serde::Serialize;

use crate::model_file;
use crate::results::{
    FAILING, TOKENS, WORST, agreed_tokens, finish, remove_if_there, temporary, write_text,
};
use crate::sweep::folder::{ENVIRONMENT, RECEIPT};
use crate::sweep::standing::{Believed, CONFLICTING, Standing, UNSOUND};

/// What stands beside a receipt and cannot be made of it.
const ROWS: [&str; 3] = [WORST, FAILING[0], FAILING[1]];

/// Makes `folder` hold what counts of a case, and nothing else but an environment.
pub(super) fn keep(standing: &Standing, folder: &Path) -> io::Result<()> {
    if standing.chosen.is_none() && standing.unsound.is_none() {
        return remove(folder);
    }
    fs::create_dir_all(folder)?;
    let mut kept = vec![ENVIRONMENT];
    if let Some(problem) = &standing.unsound {
        write(folder, UNSOUND, &format!("{problem}\n"), &mut kept)?;
    }
    if let Some(other) = &standing.conflicting {
        write(
            folder,
            CONFLICTING,
            &json(&without_environment(&other.receipt))?,
            &mut kept,
        )?;
    }
    if let Some(chosen) = &standing.chosen {
        if let Some(tokens) = agreed_tokens(&chosen.receipt) {
            write(folder, TOKENS, &json(&tokens)?, &mut kept)?;
        }
        if let Some((from, names)) = rows_beside(chosen)? {
            for name in names {
                copy(&from.join(name), &folder.join(name))?;
                kept.push(name);
            }
        }
        write(
            folder,
            RECEIPT,
            &json(&without_environment(&chosen.receipt))?,
            &mut kept,
        )?;
    }
    remove_all_but(&kept, folder)
}

fn json(object: &impl Serialize) -> io::Result<String> {
    canonical::to_string(object).map_err(io::Error::other)
}

fn without_environment(receipt: &Receipt) -> Receipt {
    Receipt {
        environment: None,
        ..receipt.clone()
    }
}

fn write(
    folder: &Path,
    name: &'static str,
    text: &str,
    kept: &mut Vec<&'static str>,
) -> io::Result<()> {
    kept.push(name);
    let is_there = fs::read(folder.join(name)).is_ok_and(|there| there == text.as_bytes());
    if is_there {
        return Ok(());
    }
    write_text(folder, name, text)
}

/// The folder whose files of rows are kept, and these files. Of several folders it is the one that has
/// more of them, or the lower digests, so that the order of folders does not matter.
fn rows_beside(chosen: &Believed) -> io::Result<Option<(&PathBuf, Vec<&'static str>)>> {
    let folders = chosen.folders.iter().map(|folder| {
        let names = ROWS.into_iter().filter(|name| folder.join(name).is_file());
        (folder, names.collect::<Vec<_>>())
    });
    let mut folders: Vec<_> = folders.filter(|(_, names)| !names.is_empty()).collect();
    if let [] | [_] = folders.as_slice() {
        return Ok(folders.pop());
    }
    let digests = |(folder, names): &(&PathBuf, Vec<&str>)| {
        let paths = names.iter().map(|name| folder.join(name));
        let digests = paths.map(|path| Ok(model_file::identity(&path)?.sha256));
        digests.collect::<io::Result<Vec<_>>>()
    };
    let known = folders
        .into_iter()
        .map(|it| Ok((Reverse(it.1.len()), digests(&it)?, it)));
    let known = known.collect::<io::Result<Vec<_>>>()?;
    Ok(known.into_iter().min().map(|(_, _, found)| found))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let is_itself =
        |from: &Path| Ok::<_, io::Error>(fs::canonicalize(from)? == fs::canonicalize(to)?);
    if to.exists() && is_itself(from)? {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(Path::new("."));
    let mut file = temporary(folder)?;
    io::copy(&mut File::open(from)?, file.as_file_mut())?;
    finish(file, to)
}

/// What an earlier merge or the run of a case left there.
fn remove_all_but(kept: &[&str], folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !kept.iter().any(|name| entry.file_name() == *name) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// A file or a folder, where there is one. What a link leads to is left alone.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        _ => remove_if_there(path),
    }
}
