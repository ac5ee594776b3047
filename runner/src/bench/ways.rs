//! The settings that an engine could be fastest with. Pure: what it says of itself in, a list out.

use schemas::describe::Settings;

use crate::engine::EngineSettings;

/// Tried beside an engine's own: what llama.cpp's larger one gains by fewer passes over the weights, it
/// may lose where activations leave the cache.
const OTHER_MICRO_BATCH: u32 = 128;

/// What is asked of an engine: flash attention, repacking and micro-batch changed in all combinations.
///
/// The first is `asked` as it is. `configured` holds where nothing is asked, and `own` after that. Of
/// repacking nobody is asked who does not speak of it, and of a micro-batch only where it makes others
/// of this many positions.
pub(super) fn ways(
    asked: &EngineSettings,
    configured: &EngineSettings,
    own: &Settings,
    positions: u32,
) -> Vec<EngineSettings> {
    let now = asked.or(configured);
    let flash = now.flash_attention.unwrap_or(own.flash_attention);
    let repacks = [None]
        .into_iter()
        .chain(now.repack.or(own.repack).map(|repack| Some(!repack)));
    let micro_batch = now.micro_batch.unwrap_or(own.micro_batch);
    let is_other = micro_batch.min(positions) != OTHER_MICRO_BATCH.min(positions);
    let micro_batches = [None]
        .into_iter()
        .chain(is_other.then_some(Some(OTHER_MICRO_BATCH)));
    let mut ways = Vec::new();
    for micro_batch in micro_batches {
        for repack in repacks.clone() {
            for flash_attention in [flash, !flash] {
                ways.push(EngineSettings {
                    flash_attention: Some(flash_attention),
                    repack: repack.or(asked.repack),
                    micro_batch: micro_batch.or(asked.micro_batch),
                    ..*asked
                });
            }
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::testing::settings;

    fn asked() -> EngineSettings {
        EngineSettings {
            flash_attention: Some(false),
            context: Some(512),
            ..EngineSettings::default()
        }
    }

    /// As `flash repack micro-batch`.
    fn shown(ways: &[EngineSettings]) -> Vec<String> {
        let shown = ways.iter().map(|way| {
            assert_eq!(way.context, Some(512));
            let flash = way.flash_attention.expect("always asked");
            format!("{flash} {:?} {:?}", way.repack, way.micro_batch)
        });
        shown.collect()
    }

    #[test]
    fn the_first_is_the_engines_own() {
        let own = Settings {
            repack: Some(true),
            ..settings()
        };
        let ways = ways(&asked(), &EngineSettings::default(), &own, 300);
        assert_eq!(ways[0], asked());
        assert_eq!(
            shown(&ways),
            [
                "false None None",
                "true None None",
                "false Some(false) None",
                "true Some(false) None",
                "false None Some(128)",
                "true None Some(128)",
                "false Some(false) Some(128)",
                "true Some(false) Some(128)",
            ]
        );
    }

    #[test]
    fn who_does_not_speak_of_repacking_is_not_asked() {
        let ways = ways(&asked(), &EngineSettings::default(), &settings(), 128);
        // Nor is a micro-batch tried that takes all positions together as the engine's own does.
        assert_eq!(shown(&ways), ["false None None", "true None None"]);
    }

    #[test]
    fn what_is_configured_is_the_engines_own() {
        let configured = EngineSettings {
            micro_batch: Some(128),
            repack: Some(false),
            ..EngineSettings::default()
        };
        let own = Settings {
            repack: Some(true),
            ..settings()
        };
        let ways = ways(&asked(), &configured, &own, 300);
        let expected = ["false None None", "true None None"];
        assert_eq!(shown(&ways[..2]), expected);
        assert_eq!(
            shown(&ways[2..]),
            expected.map(|it| it.replace("None None", "Some(true) None"))
        );
    }
}
