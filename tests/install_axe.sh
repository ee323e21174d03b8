#!/usr/bin/env bash
# Fetches axe-core (MPL-2.0, 0.7 MB), which looks for what a screen reader or a keyboard cannot use, for the tests of
# the page: tests/install_axe.sh [FOLDER]. FOLDER is .axe in this checkout unless given. Nothing else on the machine changes.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-.axe}")
python=$PWD/.venv/bin/python
[ -x "$python" ] || python=python3

fail() {
    printf '%s\n' "axe-core is not there for the tests: $1" \
        "Without it tests/browser/test_page.py fails. All others: make test ARGS=\"-m 'not browser'\"" >&2
    exit 1
}

if [ -f "$folder/axe.min.js" ]; then exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work" "$folder.partial"' EXIT
by_npm() {
    command -v npm >/dev/null || return 1
    (cd "$work" && npm pack --silent axe-core@4.14.1 >/dev/null && tar xzf axe-core-*.tgz)
}

# A package of Python that ships axe-core 4.12.1, where there is no npm.
by_pip() {
    (
        cd "$work" && "$python" -m pip download --quiet --no-deps axe-playwright-python==0.1.8 &&
            "$python" -m zipfile -e axe_playwright_python-*.whl wheel && mkdir -p package &&
            cp wheel/axe_playwright_python/axe.min.js package/ && cp wheel/*.dist-info/licenses/LICENSE* package/LICENSE
    )
}

by_npm || by_pip || fail "neither npm nor pip could fetch it."
mkdir -p "$folder.partial"
cp "$work"/package/{axe.min.js,LICENSE} "$folder.partial"
rm -rf "$folder"
mv "$folder.partial" "$folder"
