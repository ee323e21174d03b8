#!/usr/bin/env bash
# Makes the older engine of the tests, from envs/engine-cpu-older.lock: tests/install_older_engine.sh
# A tenth of its 2 GB is loaded: the newest engine has the rest already.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory .engines/cpu-older/.installed || {
    printf '%s\n' "The older engine is not there for the tests: the command above failed." \
        "Without it the test with the mark older fails." >&2
    exit 1
}
