#!/usr/bin/env bash
# Lays the last compressed-tensors that unpacks bit-masked weights beside the engines: tests/install_unpacker.sh [FOLDER]
# FOLDER is .engines/unpack unless given, where rule prepare_model looks for it. 2 MB; it uses the engine's PyTorch.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-.engines/unpack}")
if [ -d "$folder/compressed_tensors" ]; then exit 0; fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target "$folder.partial" compressed-tensors==0.14.0.1 || {
    echo "compressed-tensors 0.14.0.1 cannot be fetched; the test of packed weights fails without it" >&2
    exit 1
}
rm -rf "$folder"
mv "$folder.partial" "$folder"
