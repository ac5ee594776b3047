# Parity over the built-in prompts and sabotage, for more than one chapter.
# shellcheck shell=bash
# shellcheck disable=SC2154  # common.sh and the chapter have the variables

# excess FOLDER OWN: what a climb's receipts come to. With OWN the candidate is a variant of the
# reference, and no floor may have it.
excess() {
    python3 - "$@" <<'PYTHON'
import collections, glob, json, sys
folder, own = sys.argv[1], sys.argv[2:] == ["own"]
receipts = [json.load(open(path)) for path in sorted(glob.glob(f"{folder}/*/receipt.json"))]
def worst(figure):
    values = [receipt["excess"][metric][figure] for receipt in receipts for metric in ("kl", "mse", "max_abs")]
    return max(float("inf") if value is None else value for value in values)
left_out = [sum(v["left_out"] == "it is the candidate" for v in r["floor"]["variants"]) for r in receipts]
if own and 0 in left_out:
    sys.exit("a floor has the candidate among its variants")
variants = min(sum(v["left_out"] is None for v in r["floor"]["variants"]) for r in receipts)
verdicts = collections.Counter(receipt["verdict"] for receipt in receipts)
rows = sum(len(r["positions"]) + sum(len(it["steps"]) for it in r["greedy"]) for r in receipts)
flips = sum(receipt["excess"]["flips"] for receipt in receipts)
print(f"{', '.join(f'{n} {verdict}' for verdict, n in sorted(verdicts.items()))}; {rows} rows, {flips} flips; of a floor "
      f"of {variants} variants: median {worst('median'):.2f}, p99 {worst('p99'):.2f}, max {worst('max'):.2f}, "
      f"share above 1 {worst('share_above'):.3f} (each the worst of its kind over prompts and metrics)")
PYTHON
}

# judged NAME MODEL PAIR OWN [FLAG…]: the built-in prompts in production, where only parity will do.
judged() {
    local name=$1 model=$2 pair=$3 own=$4 out=$work/climb figures status=0
    shift 4
    rm -rf "$out"
    "$lockstep" ladder --profile production --model "$model" --out "$out" "$@" >"$out.txt" 2>"$out.log" || status=$?
    [[ $status == 0 ]] || { cat "$out.txt" >&2; die "$name, $pair: exit $status: $(tail -n 1 "$out.txt")"; }
    figures=$(excess "$out" "$own") || die "$name, $pair: $figures"
    "$lockstep" verify-receipt "$out"/*/receipt.json >"$out.txt" || die "$name, $pair: $(grep -v '^✓' "$out.txt")"
    figure "$point" "$name, $pair: $figures"
}

# sabotaged NAME MODEL PROFILE: no fault slips in the profile, or in `all`, and in exact thirty are caught and none hides.
# Where one hides the figure says how well, and from which strength on it is caught.
sabotaged() {
    local name=$1 out=$work/sabotage.json figures line status=0
    "$lockstep" sabotage --model "$2" --profile "$3" --format json >"$out" 2>"$out.log" || status=$?
    [[ -s $out ]] || die "sabotage of $name: exit $status: $(tail -n 1 "$out.log")"
    figures=$(python3 - "$out" <<'PYTHON'
import collections, json, sys
for profile in json.load(open(sys.argv[1]))["profiles"]:
    trials, name = profile["trials"], profile["profile"]
    found = collections.Counter(trial["outcome"] for trial in trials)
    print(f"{name}: {len(trials)} faults: {', '.join(f'{n} {outcome}' for outcome, n in sorted(found.items()))}")
    for trial in trials:
        if trial["outcome"] in ("slipped", "failed"):
            print(f"{name}: {trial['fault']} {trial['outcome']}: {trial['reason']}")
        if hidden := trial["hidden"]:
            strength = hidden["caught_at_strength"]
            caught = f"caught at {strength} times its strength" if strength else "at no strength that was tried"
            share = "no share" if hidden["share"] is None else f"{hidden['share']:.3g}"
            print(f"{name}: {trial['fault']} hides in {share} of the limit on {hidden['metric']}; {caught}")
    if found["slipped"] or found["failed"] or (name == "exact" and (found["caught"] < 30 or found["hidden"])):
        sys.exit("a fault is missed, or fewer than thirty are caught")
PYTHON
    ) || die "sabotage of $name: exit $status: $figures"
    [[ $status == 0 ]] || die "sabotage of $name: exit $status: $(field "$out" 'r["reason"]')"
    while read -r line; do figure "$point" "$name, $line"; done <<<"$figures"
}
