#!/usr/bin/env bash
# Resolves envs/*.in into envs/*.lock and the conda files, for Linux and Python 3.11 to 3.13: `make lock`.
# `KEEP=1 make lock` keeps each pin that still fits: for a package more, without newer versions of the others.
set -euo pipefail
cd "$(dirname "$0")"
uv=../.venv/bin/uv

# Wheels only, or a lock could require a compiler. connection-pool has no wheel and needs no compiler.
# No hashes: one lock serves indexes that hold other builds of a wheel, such as torch's.
resolve() {
    local name=$1
    shift
    echo "$name.in -> $name.lock"
    [ -n "${KEEP:-}" ] || rm -f "$name.lock" # uv keeps the pins of a file that is there
    UV_FIND_LINKS=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}} "$uv" pip compile "$name.in" --output-file "$name.lock" \
        --quiet --python-version 3.11 --only-binary :all: --no-binary connection-pool --fork-strategy fewest \
        --custom-compile-command "make lock" "$@"
}

# The same pins for conda, spelled out: Snakemake's --sdm conda reads a copy of the file, away from the lock.
conda() {
    local name=$1 make=$2 option=${3:-}
    {
        echo "# Written by \`make lock\` from $name.lock. $make"
        printf '%s\n' "channels:" "  - conda-forge" "  - nodefaults" \
            "dependencies:" "  - python =3.11" "  - pip" "  - pip:" ${option:+"      - $option"}
        sed -nE "s/^([A-Za-z0-9].*==.*[^ ]) *$/      - \"\1\"/p" "$name.lock"
    } >"$name.yaml"
}

resolve workflow --universal
resolve dev --universal # dev.in holds it to workflow.lock
resolve engine-cuda --universal
resolve engine-cuda-next --universal
resolve engine-cuda-sparse --universal

# torch's CPU build has a version of its own for each platform, so this lock is for one. Left out: torchvision,
# torchaudio and torchcodec, which come from the index as CUDA builds and make `import vllm` fail, and triton,
# which has no CPU backend and is a third of the download.
cpu=(--python-platform x86_64-manylinux_2_31)
for package in torchvision torchaudio torchcodec triton; do cpu+=(--no-emit-package "$package"); done
for name in engine-cpu engine-cpu-older; do
    resolve $name "${cpu[@]}" 2>/dev/null || resolve $name "${cpu[@]}" --torch-backend cpu
done

conda workflow "Snakemake's environment: conda env create -p .venv -f envs/workflow.yaml"
conda engine-cpu "PIP_NO_DEPS=1 conda env create -p .engines/cpu -f envs/engine-cpu.yaml" \
    "--extra-index-url https://download.pytorch.org/whl/cpu"
conda engine-cuda "conda env create -p .engines/cuda -f envs/engine-cuda.yaml"
conda engine-cuda-sparse "conda env create -p .engines/cuda-sparse -f envs/engine-cuda-sparse.yaml"
