//! What ran, on what, and by which limits it was judged.

use schemas::describe::Build;
use schemas::limits::{Beyond, Bound, Figure, Limit, LimitSource, Rung};
use schemas::receipt::{EngineRecord, FileIdentity, Receipt, SettingsRecord};

use super::super::markup::Markup;
use super::{View, figure};
use crate::engine::{arithmetic_word, kv_word, on_off};
use crate::limits::{metric_name, widened_in_words};

/// The whole part.
pub(in super::super) fn section(page: &mut Markup, view: View<'_>) {
    let plan = &view.run.plan;
    page.raw("<section aria-labelledby=\"identities\"><h2 id=\"identities\">What ran, and by which limits</h2><dl class=\"facts\">");
    fact(page, "sweep", &plan.name);
    fact(page, "plan", &view.summary.plan_sha256);
    for set in &plan.prompt_sets {
        let version = set
            .version
            .map_or(String::new(), |it| format!(" version {it}"));
        let prompts = set.prompts.len();
        fact(
            page,
            "prompt set",
            &format!("{}{version}, {prompts} prompts, {}", set.name, set.sha256),
        );
    }
    for model in &plan.models {
        file(page, "model", &model.label, &model.file.identity);
        if let Some(reference) = &model.reference {
            file(
                page,
                "the reference's model",
                &model.label,
                &reference.identity,
            );
        }
        if let Some(tokenizer) = &model.tokenizer {
            file(page, "tokenizer", &model.label, &tokenizer.identity);
        }
    }
    for engine in &plan.engines {
        let words = format!(
            "{} {}, {}",
            engine.name,
            engine.version,
            build(&engine.build)
        );
        fact(page, "engine", &words);
    }
    page.raw("</dl>");
    let comparisons = plan.comparisons.iter().zip(&view.gathered.comparisons);
    for (place, (comparison, compared)) in comparisons.enumerate() {
        page.raw("<details id=\"comparison-")
            .text(place)
            .raw("\"><summary>")
            .foreign(&comparison.name);
        page.raw("</summary>");
        match &compared.example {
            Some(receipt) => of_receipt(page, receipt),
            None => {
                page.raw("<p>No case of it has a receipt.</p>");
            }
        }
        page.raw("</details>");
    }
    page.raw("</section>");
}

fn fact(page: &mut Markup, name: &'static str, value: &str) {
    page.raw("<div><dt>")
        .raw(name)
        .raw("</dt><dd>")
        .foreign(value)
        .raw("</dd></div>");
}

fn file(page: &mut Markup, name: &'static str, label: &str, file: &FileIdentity) {
    let words = format!(
        "{label}: {}, {} bytes, {}",
        file.label, file.file_bytes, file.sha256
    );
    fact(page, name, &words);
}

fn build(build: &Build) -> String {
    let library = build.library.as_ref();
    let library =
        library.map(|it| format!("{} {} ({}), ", it.name, it.version, it.source_checksum));
    format!(
        "{}{}, {}, {}",
        library.unwrap_or_default(),
        build.compiler,
        build.flags.join(" "),
        build.simd.join(" ")
    )
}

/// The engines as they evaluated, and the limits that applied.
fn of_receipt(page: &mut Markup, receipt: &Receipt) {
    page.raw("<dl class=\"facts\">");
    if let Some(twin) = &receipt.twin {
        file(page, "twin", "decoded to F32", twin);
    }
    engine(page, "candidate", &receipt.engines.candidate);
    engine(page, "reference", &receipt.engines.reference);
    page.raw("</dl>");
    if receipt.limits.is_empty() {
        page.raw("<p>No limits: bits are compared.</p>");
        return;
    }
    if let Some(it) = &receipt.limits_file {
        page.raw("<p>Limits of ")
            .foreign(&it.name)
            .raw(" version ")
            .text(it.version)
            .raw("</p>");
    }
    page.raw("<div class=\"scroll\"><table class=\"stack\"><thead><tr><th scope=\"col\">Limit</th><th scope=\"col\">Value</th><th scope=\"col\">From</th><th scope=\"col\">Basis</th></tr></thead><tbody>");
    for applied in &receipt.limits {
        let limit = &applied.limit;
        page.raw("<tr><td>").text(name(limit)).raw("</td><td>");
        page.raw(match limit.bound {
            Bound::Largest => "≤ ",
            Bound::Smallest => "≥ ",
        });
        page.text(figure(limit.value.get()))
            .raw(" ")
            .foreign(&limit.unit)
            .text(widened_in_words(limit))
            .raw("</td><td>");
        page.raw(match applied.source {
            LimitSource::File => "file",
            LimitSource::Flag => "flag",
        });
        page.raw("</td><td>")
            .foreign(&limit.basis)
            .raw("</td></tr>");
    }
    page.raw("</tbody></table></div>");
}

fn name(limit: &Limit) -> String {
    let rung = match limit.rung {
        Rung::FirstLogit => "first logits",
        Rung::Positions => "positions",
        Rung::Decode => "greedy steps",
    };
    let beyond = match limit.beyond {
        Beyond::Diverged => "DIVERGED",
        Beyond::Drift => "DRIFT at best",
    };
    let metric = metric_name(limit.metric);
    let figure = match limit.figure {
        Figure::Value => "",
        Figure::Excess => " over its floor",
        Figure::ExcessMedian => " over its floor, the median",
        Figure::ExcessP99 => " over its floor, the 99th percentile",
        Figure::ExcessShare => ", the share of rows above their floor",
        Figure::Share => ", the share of rows",
    };
    format!("{rung}: {metric}{figure}, beyond it {beyond}")
}

fn engine(page: &mut Markup, name: &'static str, engine: &EngineRecord) {
    let version = engine.version.as_deref().unwrap_or("of unknown version");
    let settings = engine.settings.as_ref().map(settings);
    let kernels = engine
        .kernels_in_use()
        .map(|it| format!("; kernels {}", it.join(" ")));
    let built = engine.build.as_ref().map(|it| format!("; {}", build(it)));
    let words = [
        Some(format!("{} {version}", engine.name)),
        settings,
        kernels,
        built,
    ];
    fact(page, name, &words.into_iter().flatten().collect::<String>());
}

fn settings(settings: &SettingsRecord) -> String {
    let threads = settings
        .threads
        .map_or(String::new(), |n| format!(" {n} threads,"));
    format!(
        "; {} arithmetic,{threads} micro-batch {}, context {}, KV {}, flash attention {}",
        arithmetic_word(settings.arithmetic),
        settings.micro_batch,
        settings.context,
        kv_word(settings.kv),
        on_off(settings.flash_attention)
    )
}
