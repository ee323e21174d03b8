#!/usr/bin/env bash
# Unpacks Debian's Nsight Systems (2023.4, 0.7 GB on disk) for the tests: tests/install_nsys.sh [FOLDER]
# FOLDER is .nsys in this checkout unless given. The archive is the machine's own, or DEBIAN_MIRROR. Nothing else on
# the machine changes, and root is not needed. NVIDIA's licence does not allow redistribution, so the program comes
# from Debian's archive and is not part of this repository.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-.nsys}")
nsys=$folder/usr/bin/nsys
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    printf '%s\n' "Nsight Systems is not there for the tests: $1" \
        "Install it as https://developer.nvidia.com/nsight-systems says, so that 'nsys' is on PATH; without it the" \
        "tests with the mark nsys fail. All others: make test ARGS=\"-m 'not nsys'\"" >&2
    exit 1
}

if command -v nsys >/dev/null || [ -x "$nsys" ]; then exit 0; fi
for tool in apt-get dpkg; do command -v $tool >/dev/null || fail "there is no $tool to get Debian's package with."; done
[ "$(dpkg --print-architecture)" = amd64 ] || fail "this script works only on x86-64."
[ -f $keyring ] || fail "there is no $keyring (package debian-archive-keyring)."

# apt gets separate folders, with the machine's archive for libssh and trixie for Nsight Systems.
work=$(mktemp -d)
trap 'rm -rf "$work" "$folder.partial"' EXIT
mkdir -p "$work"/{sources,lists/partial,cache/archives/partial}
mirror=${DEBIAN_MIRROR:-}
for file in /etc/apt/sources.list.d/{debian,ubuntu}.sources /etc/apt/sources.list; do
    [ -f "$file" ] || continue
    cp "$file" "$work/sources/own.${file##*.}"
    case $file in
        */debian.sources) found=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' "$file" | head -n 1) ;;
        */sources.list) found=$(sed -n 's#^deb \(\[[^]]*\] \)\?\([^ ]*/debian\)/\? .*#\2#p' "$file" | head -n 1) ;;
        *) found= ;;
    esac
    mirror=${mirror:-$found}
done
[ -n "$mirror" ] || fail "this machine names no Debian archive; set DEBIAN_MIRROR to the address of one."
printf '%s\n' "Types: deb" "URIs: $mirror" "Suites: trixie" \
    "Components: non-free" "Signed-By: $keyring" >"$work/sources/trixie.sources"
options=(-qq -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$work/sources"
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=$(id -un)"
    -o "Acquire::Retries=2" -o "Acquire::http::Timeout=30")

echo "Fetching Nsight Systems from $mirror (0.2 GB)"
apt-get "${options[@]}" update || fail "apt-get could not read Debian's archive."
(cd "$work" && apt-get "${options[@]}" download nsight-systems/trixie nsight-systems-target/trixie libssh-4) ||
    fail "apt-get could not fetch the packages nsight-systems, nsight-systems-target and libssh-4."
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$folder.partial"; done

# Missing in the packages: the link to the importer, its libssh, and the Python modules of the reports.
libraries=$folder.partial/usr/lib
host=$libraries/nsight-systems/host-linux-x64 target=$libraries/x86_64-linux-gnu/nsight-systems
ln -sfn ../../nsight-systems/host-linux-x64 "$target/host-linux-x64"
for name in libssh.so libssh.so.4; do ln -sfn ../../x86_64-linux-gnu/libssh.so.4 "$host/$name"; done
cp "$target"/target-linux-x64/python/lib/*.py "$host/python/lib/"
"$folder.partial/usr/bin/nsys" --version || fail "the unpacked program does not run."
rm -rf "$folder"
mv "$folder.partial" "$folder"
