#!/usr/bin/env bash
# Makes an environment exactly as its lock says, without resolving: envs/install.sh workflow|dev|engine-NAME
# workflow and dev go into .venv, engine-NAME into .engines/NAME. Called by the Makefile.
set -euo pipefail
cd "$(dirname "$0")/.."
name=$1 lock=envs/$1.lock python=${PYTHON:-python3} uv_version=0.13.9

fail() { printf '\n' >&2; printf '%s\n' "$@" >&2; exit 1; }
[ -f "$lock" ] || fail "There is no $lock. Locks: $(cd envs && echo *.lock)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "Python 3.11 or newer is needed; set PYTHON=..., such as: make env PYTHON=python3.12"

case $name in
    workflow) target=.venv size="0.6 GB on disk" ;;
    dev) target=.venv size="0.2 GB on disk" ;;
    engine-cpu*) target=.engines/${name#engine-} size="2 GB on disk" ;;
    *) target=.engines/${name#engine-} size="up to 10 GB on disk" ;;
esac
echo "Installing $(grep -c '^[a-z].*==' "$lock") packages from $lock into $target ($size)"

# uv and pip both live in .venv; an interrupted first attempt is started over.
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
[ -x "$target/bin/python" ] || "$python" -m venv --clear --without-pip "$target"
.venv/bin/uv --version 2>/dev/null | grep -q "^uv $uv_version\b" ||
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version" ||
    echo "uv $uv_version cannot be installed; pip does its work, more slowly" >&2

# uv reads neither pip's variables nor its files. Versions are pinned, so any index may serve them, as in pip.
configured() { .venv/bin/python -m pip config get "global.$1" 2>/dev/null || true; }
index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-$(configured index-url)}}}
extra=${UV_EXTRA_INDEX_URL:-${PIP_EXTRA_INDEX_URL:-}}
links=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-$(configured find-links)}}
[ -z "$index" ] || export UV_DEFAULT_INDEX=$index
[ -z "$extra" ] || export UV_EXTRA_INDEX_URL=$extra UV_INDEX_STRATEGY=${UV_INDEX_STRATEGY:-unsafe-best-match}
[ -z "$links" ] || export UV_FIND_LINKS=${links// /,} PIP_FIND_LINKS=$links
[ -z "${PIP_CERT:-}" ] || export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}

# Bytecode now for .venv, from which hundreds of processes start (3 s each without it where
# PYTHONDONTWRITEBYTECODE is set, 1 s with it). An engine imports a third of what it has: see the end.
compile=; [ $target != .venv ] || compile=--compile-bytecode
uv_install() {
    set -- .venv/bin/uv pip install --python "$target/bin/python" --no-deps $compile "$@"
    if [ -t 2 ]; then "$@"; return; fi
    "$@" 2>&1 | { grep --line-buffered -Ev '^ ([-+~]|Downloaded) ' || true; } # a log needs no line per package
}
pip_install() { .venv/bin/python -m pip --python "$target/bin/python" install --no-deps --no-compile "$@"; }

# The CPU build of torch is not on the package index. pip looks for it in the folders and indexes that are
# configured; PyTorch's own index, which not every machine reaches, comes last.
installed() { "$target/bin/python" -c 'from importlib.metadata import version; print(version("torch"))' 2>/dev/null; }
torch=$(grep -Eo '^torch==[^ ]+\+cpu' "$lock" || true)
if [ -n "$torch" ] && [ "torch==$(installed)" != "$torch" ]; then
    echo "First $torch (0.2 GB to load), from PIP_FIND_LINKS, a configured index or download.pytorch.org"
    pip_install --no-index "$torch" 2>/dev/null || pip_install --retries 1 "$torch" 2>/dev/null ||
        pip_install --retries 1 --timeout 20 --index-url https://download.pytorch.org/whl/cpu "$torch" 2>/dev/null ||
        fail "$torch cannot be installed: no configured folder or index holds it for this Python, and" \
            "https://download.pytorch.org/whl/cpu does not answer. Fetch its wheel from there on another machine," \
            "put it into a folder, set PIP_FIND_LINKS to that folder, and run the same command again."
fi

if ! .venv/bin/uv --version >/dev/null 2>&1; then
    pip_install -r "$lock"
elif ! uv_install -r "$lock"; then
    echo "uv did not manage (above); trying pip, which reads its own configuration" >&2
    pip_install -r "$lock"
fi
[ -z "$torch" ] || [ "torch==$(installed)" = "$torch" ] ||
    fail "$target holds torch $(installed) in place of $torch: remove $target and run the same command again."

# Snakemake finds plugins among installed packages: one of ours checks configuration files before it reads them.
if [ "$target" = .venv ]; then
    for packages in .venv/lib/python3*/site-packages; do
        echo "$PWD/batchscope/workflow/snakemake_plugins" >"$packages/batchscope_plugins.pth"
    done
fi

# An engine that cannot be imported is reported now, not by the first run; its bytecode halves later starts.
if [ "$target" != .venv ]; then
    echo "Trying: import vllm (about 15 s)"
    env -u PYTHONDONTWRITEBYTECODE "$target/bin/python" -c 'from vllm import LLM' >"$target/import.log" 2>&1 ||
        fail "$target does not work; the end of $target/import.log:" "$(tail -n 5 "$target/import.log")"
fi
