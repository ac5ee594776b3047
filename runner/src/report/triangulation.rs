//! What a receipt says of a third voice, as text.

use std::fmt::Write as _;

use schemas::receipt::{Engines, Receipt};
use schemas::triangulation::Triangulation;

use crate::text::escape_for_terminal;

/// All lines; none where nobody asked for it.
pub(super) fn push(text: &mut String, receipt: &Receipt) {
    if let Some(found) = &receipt.triangulation {
        push_distances(text, found);
        push_sentence(text, found);
        push_kinship(text, found, &receipt.engines);
    }
    if let Some(why) = &receipt.no_triangulation {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "no triangulation: {}", escape_for_terminal(why));
    }
}

fn push_distances(text: &mut String, found: &Triangulation) {
    let _ = writeln!(
        text,
        "distance from the f32 arithmetic of {}:\n\
         \x20                       median        p90        p99        max",
        escape_for_terminal(&found.third.name)
    );
    let (candidate, reference) = (&found.candidate, &found.reference);
    for (metric, of_candidate, of_reference) in [
        ("kl", &candidate.kl, &reference.kl),
        ("mse", &candidate.mse, &reference.mse),
        ("max_abs", &candidate.max_abs, &reference.max_abs),
    ] {
        for (role, quantiles) in [("candidate", of_candidate), ("reference", of_reference)] {
            let [median, p90, p99, max] = quantiles.ascending();
            let _ = writeln!(
                text,
                "  {metric:7}  {role:9} {median:>10.3e} {p90:>10.3e} {p99:>10.3e} {max:>10.3e}"
            );
        }
    }
    let _ = writeln!(
        text,
        "the most likely token is another one than there in {} (candidate) and {} (reference) of {} \
         positions",
        candidate.flips, reference.flips, found.rows
    );
}

fn push_sentence(text: &mut String, found: &Triangulation) {
    let [of_candidate, of_reference] =
        [&found.candidate, &found.reference].map(|side| side.kl.median.get());
    let _ = match found.median_ratio.kl {
        Some(ratio) => writeln!(
            text,
            "the candidate is {:.3} times as far from the f32 arithmetic as the reference (median KL \
             {of_candidate:.3e} against {of_reference:.3e})",
            ratio.get()
        ),
        None => writeln!(
            text,
            "the candidate's median KL from the f32 arithmetic is {of_candidate:.3e}, the \
             reference's is {of_reference:.3e}"
        ),
    };
}

/// A side that is the third's own program is near it for what both do wrong, too.
fn push_kinship(text: &mut String, found: &Triangulation, engines: &Engines) {
    let sides = [
        ("candidate", &engines.candidate),
        ("reference", &engines.reference),
    ];
    for (role, engine) in sides {
        if engine.build == found.third.build {
            let _ = writeln!(
                text,
                "the {role} and the third are one program: what both do wrong is not seen by this"
            );
        }
    }
}
