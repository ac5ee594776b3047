//! How near the kernels of arithmetic `fast` come to what the CPU can do, on one thread.
//!
//! ```text
//! cargo bench -p rust-engine                       every kernel set, every type of weights
//! cargo bench -p rust-engine -- q4_K panel         what has all these words in its name
//! cargo bench -p rust-engine -- --check            1 if a set is slower than the portable one
//! ```
//! Each figure stands beside its bound, which is measured in the same run: products of many positions and
//! attention beside the set's dot product or multiply-add in a loop that touches registers alone, products
//! of one position beside plain reading of the same memory.
//!
//! No harness of a library: those print times of one function after another, and know neither a bound nor
//! the other sets.
#![deny(unsafe_code)]

mod clock;
mod operations;
mod options;
mod peak;
mod products;
mod report;
mod weights;

use std::process::ExitCode;

use options::Options;
use peak::Peaks;
use report::Report;
use rust_engine::kernels::fast::Fast;

fn main() -> ExitCode {
    let options = match Options::of_command_line() {
        Ok(options) => options,
        Err(complaint) => {
            eprintln!("error: {complaint}");
            return ExitCode::from(64);
        }
    };
    // Products are called directly; what is shared out all the same finds no second thread.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let report = pool
        .expect("a thread can be had")
        .install(|| measure(&options));
    if report.is_empty() {
        eprintln!("error: no kernel of a set has all these words in its name");
        return ExitCode::from(64);
    }
    report.print_tables();
    let Some(slower) = report.slower_than_portable() else {
        println!("the portable set was not chosen: nothing is compared with it");
        return ExitCode::from(if options.check { 64 } else { 0 });
    };
    for complaint in &slower {
        println!("slower than its portable twin: {complaint}");
    }
    if slower.is_empty() {
        println!("no kernel is slower than its portable twin");
    }
    ExitCode::from(u8::from(options.check && !slower.is_empty()))
}

fn measure(options: &Options) -> Report<'_> {
    let sets = Fast::available();
    let memory = weights::mapped(&vec![1; 1 << 20]).expect("room for a file");
    let peaks = Peaks::measured(&sets, &memory);
    peaks.print();
    let mut report = Report::new(&sets, options, peaks);
    products::panels(&mut report);
    products::rows(&mut report);
    operations::attention(&mut report);
    operations::coding(&mut report);
    operations::exponentials(&mut report);
    operations::portable(&mut report);
    report
}
