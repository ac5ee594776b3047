//! Which evaluations of a reference must give what the reference gives: the same engine with one
//! setting changed, and other builds with the same settings.
//!
//! Pure: descriptions and settings in, a list out. Each variant that could be is in the list; one that
//! is not to be measured says why.

use schemas::describe::{DescribeResponse, KvType, Settings};
use schemas::receipt::EngineRecord;

use crate::capability::as_shipped;
use crate::engine::{EngineSettings, Threads};
use crate::record::engine_record;

/// An engine and what it evaluates with.
#[derive(Clone, Debug, PartialEq)]
pub struct Configured {
    /// The name by which it is asked for.
    pub name: String,
    /// Who it says it is, of the model.
    pub description: DescribeResponse,
    /// What is asked of it.
    pub asked: EngineSettings,
}

/// Another build, which may be able to run the model.
#[derive(Clone, Debug)]
pub struct Build {
    /// The name by which it is asked for.
    pub name: String,
    /// Who it says it is, of the model; or why it cannot be asked to evaluate it.
    pub description: Result<DescribeResponse, String>,
    /// What is configured for it.
    pub defaults: EngineSettings,
}

/// One variant of a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// What is changed, or who computes it.
    pub name: String,
    /// Who computes it and with what; or why nobody does.
    pub engine: Result<Configured, LeftOut>,
}

/// A variant that is not measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The engine that would have computed it.
    pub engine: String,
    /// Why not.
    pub reason: String,
}

/// The variants of `base`. One that is the candidate of a comparison is among them: who reads a floor
/// leaves it out.
pub fn plan(base: &Configured, builds: &[Build]) -> Vec<Variant> {
    let changed = changes(base).into_iter().map(|(name, change)| Variant {
        name: name.to_owned(),
        engine: change.map_err(|reason| left_out(&base.name, reason)),
    });
    let others = builds.iter().filter(|build| build.name != base.name);
    let others = others.map(|build| Variant {
        name: build.name.clone(),
        engine: other_build(base, build),
    });
    changed.chain(others).collect()
}

fn left_out(engine: &str, reason: String) -> LeftOut {
    LeftOut {
        engine: engine.to_owned(),
        reason,
    }
}

/// The base with one setting changed, by the name of the change.
fn changes(base: &Configured) -> Vec<(&'static str, Result<Configured, String>)> {
    let now = base.effective();
    let micro_batch = |tokens: u32| {
        if tokens == now.micro_batch {
            return Err(format!("the base has a micro-batch of {tokens}"));
        }
        Ok(base.with(|asked| asked.micro_batch = Some(tokens)))
    };
    // Where nobody named a number, it is the same change on every machine: on one with a single processor
    // it changes nothing.
    let threads = match base.asked.threads.and_then(Threads::named) {
        Some(1) => 2,
        _ => 1,
    };
    let full = match now.micro_batch {
        own if own >= now.context => Err(format!(
            "the base takes {own} tokens together, and the context has {}",
            now.context
        )),
        _ => micro_batch(now.context),
    };
    let (kv_name, kv) = match now.kv {
        KvType::F16 => ("kv-f32", KvType::F32),
        KvType::F32 => ("kv-f16", KvType::F16),
    };
    let flash_name = if now.flash_attention {
        "no-flash-attention"
    } else {
        "flash-attention"
    };
    let (repack_name, repack) = match now.repack {
        Some(false) => ("repack", Ok(true)),
        Some(true) => ("no-repack", Ok(false)),
        None => ("no-repack", Err("it cannot be asked".to_owned())),
    };
    vec![
        (
            "threads",
            Ok(base.with(|asked| asked.threads = Some(Threads::Named(threads)))),
        ),
        ("micro-batch-1", micro_batch(1)),
        ("micro-batch-64", micro_batch(64)),
        ("micro-batch-full", full),
        (
            flash_name,
            Ok(base.with(|asked| asked.flash_attention = Some(!now.flash_attention))),
        ),
        (kv_name, Ok(base.with(|asked| asked.kv = Some(kv)))),
        (
            repack_name,
            repack.map(|repack| base.with(|asked| asked.repack = Some(repack))),
        ),
    ]
}

/// Another build with the base's settings. How many tokens it takes together and whether it rearranges
/// matrices is left to it: what is sound for one is not for another.
fn other_build(base: &Configured, build: &Build) -> Result<Configured, LeftOut> {
    let description = build.description.clone();
    let description = description.map_err(|reason| left_out(&build.name, reason))?;
    if is_same_program(&description, &base.description) {
        let reason = format!("it is the same program as {}", base.name);
        return Err(left_out(&build.name, reason));
    }
    let asked = EngineSettings {
        arithmetic: as_shipped(&description),
        micro_batch: None,
        repack: None,
        ..base.asked
    };
    Ok(Configured {
        name: build.name.clone(),
        description,
        asked: asked.or(&build.defaults),
    })
}

fn is_same_program(a: &DescribeResponse, b: &DescribeResponse) -> bool {
    (&a.name, &a.version, &a.build) == (&b.name, &b.version, &b.build)
}

impl Configured {
    /// What it will evaluate with: what is asked, and elsewhere what the engine does by itself.
    pub fn effective(&self) -> Settings {
        let own = self.description.settings.clone();
        let asked = &self.asked;
        Settings {
            arithmetic: asked.arithmetic.unwrap_or(own.arithmetic),
            threads: asked.threads.map_or(own.threads, Threads::number),
            context: asked.context.unwrap_or(own.context),
            micro_batch: asked.micro_batch.unwrap_or(own.micro_batch),
            kv: asked.kv.unwrap_or(own.kv),
            flash_attention: asked.flash_attention.unwrap_or(own.flash_attention),
            repack: asked.repack.or(own.repack),
            // Which kernels run, of those that are built in, is known when they have run.
            kernels: None,
            cpu_features: match asked.arithmetic {
                Some(other) if other != own.arithmetic => self.description.build.simd.clone(),
                _ => own.cpu_features.clone(),
            },
            ..own
        }
    }

    /// As receipts know it, with the settings that it evaluates with.
    pub fn record(&self, settings: Settings) -> EngineRecord {
        let settings = self.asked.record(settings);
        engine_record(&self.name, Some(&self.description), Some(settings))
    }

    fn with(&self, change: impl FnOnce(&mut EngineSettings)) -> Self {
        let mut other = self.clone();
        change(&mut other.asked);
        other
    }
}

#[cfg(test)]
mod tests {
    use schemas::describe::Arithmetic;

    use super::*;
    use crate::engine::testing::description;

    fn native(asked: EngineSettings) -> Configured {
        Configured {
            name: "native".to_owned(),
            description: description("native"),
            asked: EngineSettings {
                context: asked.context.or(Some(1024)),
                ..asked
            },
        }
    }

    fn others() -> [Build; 2] {
        let absent = Err("it is not there".to_owned());
        [("scalar", Ok(description("scalar"))), ("ik", absent)].map(|(name, description)| Build {
            name: name.to_owned(),
            description,
            defaults: EngineSettings::default(),
        })
    }

    /// What is measured of a plan, as `engine name`.
    fn measured(variants: &[Variant]) -> Vec<String> {
        let engines = variants.iter().filter_map(|variant| {
            let engine = variant.engine.as_ref().ok()?;
            Some(format!("{} {}", engine.name, variant.name))
        });
        engines.collect()
    }

    fn reason<'a>(variants: &'a [Variant], name: &str) -> &'a str {
        let variant = variants.iter().find(|variant| variant.name == name);
        let left_out = variant.expect("in the list").engine.as_ref();
        &left_out.expect_err("left out").reason
    }

    #[test]
    fn each_setting_changes_alone() {
        let base = native(EngineSettings::default());
        let variants = plan(&base, &others());
        let names = [
            "native threads",
            "native micro-batch-1",
            "native micro-batch-64",
            "native micro-batch-full",
            "native flash-attention",
            "native kv-f32",
            "native no-repack",
            "scalar scalar",
        ];
        assert_eq!(measured(&variants), names);
        assert_eq!(reason(&variants, "ik"), "it is not there");
        let now = base.effective();
        let changed = variants[..7].iter().map(|variant| {
            let engine = variant.engine.as_ref().expect("measured").effective();
            [
                engine.threads != now.threads,
                engine.micro_batch != now.micro_batch,
                engine.flash_attention != now.flash_attention,
                engine.kv != now.kv,
                engine.repack != now.repack,
            ]
        });
        for changed in changed {
            assert_eq!(changed.iter().filter(|&&it| it).count(), 1, "{changed:?}");
        }
    }

    #[test]
    fn what_the_base_has_already_is_no_variant() {
        let base = native(EngineSettings {
            micro_batch: Some(64),
            context: Some(64),
            kv: Some(KvType::F32),
            threads: Some(Threads::Named(1)),
            ..EngineSettings::default()
        });
        let variants = plan(&base, &others());
        assert!(reason(&variants, "micro-batch-64").contains("micro-batch of 64"));
        assert!(reason(&variants, "micro-batch-full").contains("the context has 64"));
        assert!(measured(&variants).contains(&"native kv-f16".to_owned()));
        let threads = variants[0].engine.as_ref().expect("measured");
        assert_eq!(threads.effective().threads, 2);
    }

    /// What a receipt has of a floor must not tell of the machine's processors.
    #[test]
    fn of_threads_that_nobody_named_every_machine_has_the_same_variants() {
        let records = |threads| {
            let base = native(EngineSettings {
                threads: Some(Threads::OfMachine(threads)),
                ..EngineSettings::default()
            });
            let variants = plan(&base, &others()).into_iter();
            let engines = variants.filter_map(|it| it.engine.ok());
            let all = [base].into_iter().chain(engines);
            let records = all.map(|it| it.record(it.effective()).settings.expect("told"));
            records.collect::<Vec<_>>()
        };
        let threads: Vec<_> = records(4).iter().map(|it| it.threads).collect();
        assert_eq!(threads[..3], [None, Some(1), None]);
        assert_eq!(records(1), records(4));
    }

    #[test]
    fn who_cannot_be_asked_to_repack_is_not() {
        let mut base = native(EngineSettings::default());
        base.description.settings.repack = None;
        let variants = plan(&base, &[]);
        assert!(reason(&variants, "no-repack").contains("cannot be asked"));
    }

    #[test]
    fn a_build_under_two_names_is_one() {
        let base = native(EngineSettings::default());
        let twin = Build {
            name: "again".to_owned(),
            description: Ok(description("native")),
            defaults: EngineSettings::default(),
        };
        let variants = plan(&base, &[twin]);
        assert!(reason(&variants, "again").contains("the same program as native"));
    }

    #[test]
    fn another_build_takes_its_own_micro_batch() {
        let base = native(EngineSettings {
            micro_batch: Some(512),
            kv: Some(KvType::F32),
            ..EngineSettings::default()
        });
        let variants = plan(&base, &others());
        let scalar = variants[7].engine.as_ref().expect("measured");
        assert_eq!(
            (scalar.asked.micro_batch, scalar.asked.kv),
            (None, Some(KvType::F32))
        );
        assert_eq!(scalar.asked.arithmetic, Some(Arithmetic::Fast));
    }
}
