#!/usr/bin/env bash
# Fetches axe-core (MPL-2.0, 0.7 MB), which looks for what a screen reader or a keyboard cannot use, for the tests of
# the page: tests/install_axe.sh [FOLDER]. FOLDER is .axe in this checkout unless given. Nothing else on the machine changes.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-.axe}")

fail() {
    printf '%s\n' "axe-core is not there for the tests: $1" \
        "Without it tests/browser/test_page.py fails. All others: make test ARGS=\"-m 'not browser'\"" >&2
    exit 1
}

if [ -f "$folder/axe.min.js" ]; then exit 0; fi
command -v npm >/dev/null || fail "there is no npm to get it with (Debian's package npm)."

work=$(mktemp -d)
trap 'rm -rf "$work" "$folder.partial"' EXIT
(cd "$work" && npm pack --silent axe-core@4.14.1 >/dev/null && tar xzf axe-core-*.tgz) || fail "npm could not fetch it."
mkdir -p "$folder.partial"
cp "$work"/package/{axe.min.js,LICENSE} "$folder.partial"
rm -rf "$folder"
mv "$folder.partial" "$folder"
