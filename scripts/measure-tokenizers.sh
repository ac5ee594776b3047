#!/usr/bin/env bash
# Prints how long the release build takes for 1 MB of each of some texts, with each vocabulary at
# hand: request to answer, so pieces and JSON are in it. Linear time shows in that 2 MB take twice
# as long, which is the last column. Fails if one takes 2 s or more.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

cargo build --quiet --release --locked -p rust-engine
engine=${CARGO_TARGET_DIR:-target}/release/rust-engine
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tokenizers=$(scripts/fetch-tokenizers.sh)
ln -s "$(scripts/fetch-demo-model.sh)" "$work/smollm2.gguf"
ln -s "$(scripts/fetch-gemma3-model.sh)" "$work/gemma3.gguf"
"$engine" vocabulary --from "$tokenizers/llama3.json" --pre llama-bpe "$work/llama3.gguf"
"$engine" vocabulary --from "$tokenizers/qwen3.json" --pre qwen2 "$work/qwen3.gguf"
"$engine" vocabulary --from "$tokenizers/gemma3.json" --pre gemma4 "$work/gemma4.gguf"
# Splitters with more steps, on LLaMA-3's tokens.
for pre in deepseek-llm jais-2 tekken; do
    "$engine" vocabulary --from "$tokenizers/llama3.json" --pre "$pre" "$work/$pre.gguf"
done

python3 - "$engine" "$work"/*.gguf <<'PYTHON'
import glob, json, os, subprocess, sys, time

engine, *models = sys.argv[1:]
prose = "".join(open(path, encoding="utf-8").read() for path in sorted(glob.glob("**/*.md", recursive=True)))
kinds = {
    "prose": prose, "letter": "a", "capital": "A", "blank": " ", "line break": "\n", "digit": "7",
    "punctuation": "!", "mixed punctuation": "-=+;:", "han": "漢", "mark": "\u0301",
    "emoji": "😀", "case": "漢Aa", "words": "ab ",
    # Nearly all special tokens of Gemma 3 and of LLaMA-3: to search the text for each takes long.
    "<unused>": "".join(f"<unused{i}> " for i in range(6000)),
    "<|reserved|>": "".join(f"<|reserved_special_token_{i}|> " for i in range(248)),
}
slowest = (0, "")
for model in models:
    process = subprocess.Popen([engine, "tokenize", "--model", model], text=True, encoding="utf-8",
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def seconds(kind, n_bytes):
        unit = kinds[kind]
        text = (unit * (n_bytes // len(unit.encode()) + 1)).encode()[:n_bytes].decode(errors="ignore")
        request = json.dumps({"schema": "lockstep/tokenize-request/v1", "id": "a", "text": text,
                              "bos": "no", "parse_special": True})
        start = time.perf_counter()
        print(request, file=process.stdin, flush=True)
        answer = json.loads(process.stdout.readline())
        assert "ids" in answer, answer
        return time.perf_counter() - start

    seconds("digit", 1)  # the model is loaded now
    for kind in kinds:
        one, two = seconds(kind, 1_000_000), seconds(kind, 2_000_000)
        name = os.path.basename(model)[:-5]
        print(f"{name:14}{kind:20}{one:8.3f} s {two / one:6.2f}")
        slowest = max(slowest, (one, f"{name}, {kind}"))
    process.stdin.close()
    process.wait()
print(f"slowest: {slowest[0]:.3f} s ({slowest[1]})")
sys.exit(slowest[0] >= 2)
PYTHON
