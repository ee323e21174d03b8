#!/usr/bin/env bash
# A real Slurm of one node with one fake GPU, for the tests: tests/slurm/cluster.sh start|stop FOLDER
# FOLDER gets state and logs. The configuration must lie in /etc/slurm: the inner steps of a job lose SLURM_CONF.
# Starts munged, slurmctld and slurmd, listening on 127.0.0.1 alone; ends them by their process numbers.
set -euo pipefail
[ "$(id -u)" = 0 ] || exec sudo -n "$0" "$@" # Slurm's daemons start jobs of any user
action=$1 folder=$(realpath -m "$2") mine="ClusterName=batchscope-test" host=$(hostname -s)

fail() { echo "tests/slurm/cluster.sh: $*" >&2; exit 1; }

stop() {
    local file pid
    for file in slurmctld.pid slurmd.pid munge/pid; do # slurmctld takes two seconds to save its state
        [ -s "$folder/$file" ] || continue
        pid=$(cat "$folder/$file")
        kill "$pid" 2>/dev/null || continue
        for _ in $(seq 150); do
            grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null || break
            sleep 0.1
        done
    done
    ! grep -qs "$mine" /etc/slurm/slurm.conf || rm -f /etc/slurm/{slurm,gres,cgroup}.conf
}

start() {
    for tool in munged slurmctld slurmd sbatch; do
        command -v $tool >/dev/null || fail "there is no $tool; call tests/install_slurm.sh"
    done
    [ ! -e /etc/slurm/slurm.conf ] || grep -q "$mine" /etc/slurm/slurm.conf ||
        fail "/etc/slurm/slurm.conf belongs to another Slurm; run the tests of Slurm on a machine without one"
    getent hosts "$host" >/dev/null || echo "127.0.0.1 $host" >>/etc/hosts
    mkdir -p "$folder"/{ctld,d,log,munge} /etc/slurm
    trap '[ $? = 0 ] || stop' EXIT
    if ! munge -n 2>/dev/null | unmunge >/dev/null 2>&1; then # a distribution may have started it already
        install -d -m 755 /run/munge
        [ -s "$folder/munge/key" ] || (umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
        munged --force --key-file="$folder/munge/key" --pid-file="$folder/munge/pid" \
            --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
    fi
    memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
    # config_overrides, CPUs: a job of three threads would else wait for ever on a machine of two cores.
    # bf_min_prio_reserve: no GPU job that waits keeps the node's idle cores from others.
    # OverMemoryKill: a job over its memory is ended without control groups too.
    cat >/etc/slurm/slurm.conf <<CONF
$mine
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$folder/ctld
SlurmdSpoolDir=$folder/d
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
MinJobAge=3600
KillWait=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_min_interval=200000,bf_min_prio_reserve=4294967294
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=16 RealMemory=$memory Gres=gpu:toy:1 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
    echo "NodeName=$host Name=gpu Type=toy File=/dev/null" >/etc/slurm/gres.conf
    local plugin=cgroup/v1 version
    version=$(slurmd -V | grep -Eo '[0-9]+\.[0-9]+' | head -n 1)
    [[ $version < 23.02 ]] || plugin=disabled # older versions do not know the word
    echo "CgroupPlugin=$plugin" >/etc/slurm/cgroup.conf
    slurmctld
    slurmd
    for _ in $(seq 150); do
        [ "$(sinfo -h -o %T 2>/dev/null)" != idle ] || break
        sleep 0.1
    done
    [ "$(sinfo -h -o %T)" = idle ] || fail "the node does not get idle; see $folder/log"
    sinfo -N -o '%N %T %c %m %G'
}

case $action in
    start) start ;;
    stop) stop ;;
    *) fail "start or stop, not $action" ;;
esac
