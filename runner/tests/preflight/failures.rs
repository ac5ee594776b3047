//! Engines that fail, hang, or are not the ones that they are taken for.

use std::fs;
use std::os::unix::fs::symlink;

use runner::engine::{Interrupt, Supervision};
use runner::exit::Exit;
use runner::preflight::Format;

use crate::machine::Machine;
use crate::stand_in::{PROGRAM, impatient, patient};

#[test]
fn a_program_that_fails_is_not_available_and_says_why() {
    let machine = Machine::with(&[("rust-engine", PROGRAM), ("llama-scalar", "/bin/false")]);
    let report = machine.text(None);
    let words = "llama-scalar: NOT AVAILABLE (reference)\n";
    assert!(report.output.contains(words), "{}", report.output);
    assert!(
        report.output.contains("Error: exited with status 1"),
        "{}",
        report.output
    );
    assert_eq!(report.exit, Exit::Unavailable);
}

#[test]
fn a_build_under_the_name_of_another_is_not_taken_for_it() {
    let machine = Machine::with(&[("rust-engine", PROGRAM)]);
    let real = machine.folder.path().join("llama-native");
    symlink(PROGRAM, &real).expect("linked");
    let script = "#!/bin/sh\nexec \"$(dirname \"$0\")/llama-native\" \"$@\"\n";
    // By another process, as no file may be open for writing when it is executed.
    let made = std::process::Command::new("sh")
        .args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""])
        .arg(machine.folder.path().join("llama-scalar"))
        .arg(script)
        .status()
        .expect("sh");
    assert!(made.success());
    let (preflight, _) = machine.json(None);
    let scalar = &preflight.engines[1];
    assert_eq!(
        (scalar.name.as_str(), scalar.usable),
        ("llama-scalar", false)
    );
    let problem = scalar.problem.as_deref().expect("a problem");
    assert_eq!(problem, "the program calls itself `llama-native`");
}

#[test]
fn a_hanging_engine_delays_but_does_not_stop_the_report() {
    let machine = Machine::with(&[("rust-engine", PROGRAM), ("llama-scalar", PROGRAM)]);
    let configuration =
        format!("[[engine]]\nname = \"slow\"\ncommand = [{PROGRAM:?}, \"--fault\", \"hang\"]\n");
    fs::write(machine.folder.path().join("engines.toml"), configuration).expect("written");
    let format = Format::Text {
        verbose: false,
        colour: false,
    };
    let report = machine
        .try_run(None, format, impatient())
        .expect("a report");
    assert_eq!(report.exit, Exit::Parity);
    assert!(
        report
            .output
            .contains("its description did not come within"),
        "{}",
        report.output
    );

    let interrupt = Interrupt::default();
    interrupt.raise();
    let supervision = Supervision {
        interrupt,
        ..patient()
    };
    let error = machine
        .try_run(None, format, supervision)
        .expect_err("must stop");
    assert_eq!(error.exit(), Exit::Retryable);
}
