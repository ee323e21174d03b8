#!/usr/bin/env bash
# Installs the distribution's Slurm (8 packages, 20 MB) for the tests: tests/install_slurm.sh
# Needs root, or sudo without a password; starts nothing. tests/slurm/cluster.sh starts it for the tests alone.
set -euo pipefail

fail() {
    printf '%s\n' "Slurm is not there for the tests: $1" \
        "Install the packages slurmctld, slurmd, slurm-client and munge (Debian, Ubuntu); without them the tests" \
        "with the mark slurm fail. All others: make test ARGS=\"-m 'not slurm'\"" >&2
    exit 1
}

there() {
    for tool in munged slurmctld slurmd sbatch srun squeue; do
        command -v $tool >/dev/null || [ -x /usr/sbin/$tool ] || return 1
    done
}

root=()
[ "$(id -u)" = 0 ] || root=(sudo -n)
"${root[@]}" true 2>/dev/null || fail "this needs root, or sudo without a password."
if there; then exit 0; fi
command -v apt-get >/dev/null || fail "there is no apt-get to get the packages with."
echo "Installing Slurm for the tests (20 MB)"
"${root[@]}" apt-get -qq update || fail "apt-get could not read the archive."
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends --yes \
    slurmctld slurmd slurm-client munge >/dev/null || fail "apt-get could not install the packages."
there || fail "the packages are installed, and a program is still missing."
