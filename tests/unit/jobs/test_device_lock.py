"""One run has a device at a time, among all workflows on a machine."""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from support.nvml_answers import GPU_A, GPU_B, SLICE_1, Recorded, divided, machine
from support.project import ROOT
from support.situations import situation
from support.users import as_nobody, needs_root

from batchscope.common.errors import UserError
from batchscope.common.nvml import Nvml
from batchscope.jobs import device_lock as module
from batchscope.jobs.device_lock import device_is_free, device_lock, gpus_in_reach
from batchscope.planning.checks.devices import check


@pytest.fixture(autouse=True)
def _no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own GPUs, if it has some, are no part of this."""
    monkeypatch.setattr(module, "open_nvml", lambda: None)


def test_two_holders_never_overlap(tmp_path: Path) -> None:
    holder = (
        "import sys, time; from batchscope.jobs.device_lock import device_lock\n"
        "with device_lock('cpu', 1):\n"
        "    start = time.monotonic(); time.sleep(0.4)\n"
        "    open(sys.argv[1], 'a').write(f'{start} {time.monotonic()}\\n')\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    log = tmp_path / "windows"
    holders = [subprocess.Popen([sys.executable, "-c", holder, log], env=env) for _ in range(4)]
    assert [holder.wait(30) for holder in holders] == [0, 0, 0, 0]
    windows = sorted(tuple(map(float, line.split())) for line in log.read_text().splitlines())
    assert len(windows) == 4
    assert all(end <= start for (_, end), (start, _) in pairwise(windows))


def test_a_killed_holder_frees_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import time; from batchscope.jobs.device_lock import device_lock\n"
         "with device_lock('cpu', 1): print('held', flush=True); time.sleep(300)"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    holder.kill()
    holder.wait()
    with device_lock("cpu", 1) as gpus:
        assert gpus == []


def test_gpus_are_taken_from_those_handed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    with device_lock("cuda", 1) as first, device_lock("cuda", 1) as second:
        assert [gpu.name for gpu in (*first, *second)] == ["3", "5"]
    with (
        pytest.raises(UserError, match=r"needs 4 GPU.*CUDA_VISIBLE_DEVICES is '3,5'"),
        device_lock("cuda", 4),
    ):
        pass


def test_workflows_that_are_given_one_gpu_each_do_not_wait_for_each_other(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for variable in ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with device_lock("cuda", 1):
        assert not device_is_free("cuda", 1)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
        assert device_is_free("cuda", 1)


def test_without_a_choice_gpus_are_counted_as_cuda_does(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus_in_reach(None, tmp_path) == []
    for name in ("nvidia5", "nvidia7", "nvidiactl", "nvidia-uvm", "nvidia-caps"):
        (tmp_path / name).touch()
    assert [gpu.name for gpu in gpus_in_reach(None, tmp_path)] == ["0", "1"]


def test_allocations_that_count_gpus_from_0_do_not_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("SLURM_STEP_GPUS", "3")
    with device_lock("cuda", 1) as held:
        assert [gpu.name for gpu in held] == ["0"], "the engine gets the name that it knows"
        assert not device_is_free("cuda", 1)
        monkeypatch.setenv("SLURM_STEP_GPUS", "5")
        assert device_is_free("cuda", 1)
    assert {path.name for path in tmp_path.glob("*.lock")} == {f"vllm-batchscope-{n}.lock" for n in (3, 5)}


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of lock files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def with_driver(monkeypatch: pytest.MonkeyPatch, answers: dict, setting: str | None) -> None:
    monkeypatch.setattr(module, "open_nvml", lambda: Nvml(Recorded(answers)))
    if setting is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)


@pytest.mark.parametrize(("setting", "number"), [("1", "1"), ("GPU-8a", "1"), (GPU_A, "0"), (None, "0")])
def test_a_gpu_is_locked_by_its_uuid_whatever_it_is_called(
    locks: Path, monkeypatch: pytest.MonkeyPatch, setting: str | None, number: str
) -> None:
    with_driver(monkeypatch, machine(GPU_A, GPU_B), setting)
    with device_lock("cuda", 1) as (gpu,):
        assert (gpu.name, gpu.uuid) == (number, (GPU_A, GPU_B)[int(number)])
        # another container with this GPU alone calls it 0
        with_driver(monkeypatch, machine(str(gpu.uuid)), None)
        assert not device_is_free("cuda", 1)
    assert [path.name for path in locks.iterdir()] == [f"vllm-batchscope-{gpu.uuid}.lock"]


def test_slices_are_locked_each_for_itself(locks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = f"MIG-{GPU_B}/1/0"
    answers = {**machine(GPU_A, GPU_B), **divided(GPU_A, SLICE_1), **divided(GPU_B, old)}
    with_driver(monkeypatch, answers, SLICE_1)
    with device_lock("cuda", 1) as (held,):
        assert held.name == SLICE_1
        assert not device_is_free("cuda", 1)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", old)
        assert device_is_free("cuda", 1)
    assert all(path.suffix == ".lock" for path in locks.iterdir())


@pytest.mark.parametrize("setting", ["", "-1", "NoDevFiles", "7,0", "0,0"])
def test_a_list_by_which_cuda_sees_nothing_is_named(
    locks: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    with_driver(monkeypatch, machine(GPU_A, GPU_B), setting)
    words = rf"needs 1 GPU\(s\) and CUDA sees 0 here \(CUDA_VISIBLE_DEVICES is '{setting}'\)"
    with pytest.raises(UserError, match=words), device_lock("cuda", 1):
        pass
    assert list(locks.iterdir()) == []


def test_a_link_laid_as_the_lock_leads_nowhere(locks: Path) -> None:
    treasure = locks / "thesis.txt"
    treasure.write_text("years of work")
    treasure.chmod(0o600)
    lock = locks / "vllm-batchscope-cpu.lock"
    for lay in (lock.symlink_to, lock.hardlink_to):
        lay(treasure)
        with pytest.raises(UserError, match=r"vllm-batchscope-cpu\.lock.*remove it"), device_lock("cpu", 1):
            pass
        assert treasure.read_text() == "years of work"
        assert stat.S_IMODE(treasure.stat().st_mode) == 0o600
        lock.unlink()  # the remedy
        with device_lock("cpu", 1):
            pass
        lock.unlink()


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_plain_file_is_no_lock(locks: Path, make) -> None:
    make(locks / "vllm-batchscope-cpu.lock")
    with pytest.raises(UserError, match=r"vllm-batchscope-cpu\.lock.*remove it"), device_lock("cpu", 1):
        pass


def test_a_lock_that_is_there_is_opened_without_making_it(
    locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where fs.protected_regular is on, O_CREAT on another user's file in /tmp is refused."""
    asked: list[int] = []
    real = os.open

    def noted(path, flags, *more, **named):
        if str(path).startswith(str(locks)):
            asked.append(flags)
        return real(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", noted)
    with device_lock("cpu", 1):
        pass
    made = (locks / "vllm-batchscope-cpu.lock").stat()
    assert stat.S_IMODE(made.st_mode) == 0o666, "whatever the umask"
    first = len(asked)
    with device_lock("cpu", 1):
        pass
    assert not any(flags & os.O_CREAT for flags in asked[first:])
    assert all(flags & os.O_NOFOLLOW for flags in asked)


def test_a_lock_that_may_only_be_read_locks(locks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = locks / "vllm-batchscope-cpu.lock"
    lock.write_text("pid 1 in /somewhere")
    real = os.open

    def for_readers(path, flags, *more, **named):
        if path == lock and flags & os.O_ACCMODE != os.O_RDONLY:
            raise PermissionError(13, "Permission denied", str(path))  # what the kernel says to another user
        return real(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", for_readers)
    with device_lock("cpu", 1):
        assert not device_is_free("cpu", 1)
    assert device_is_free("cpu", 1)
    assert lock.read_text() == "pid 1 in /somewhere"


def test_who_holds_the_device_is_told(locks: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = locks / "vllm-batchscope-cpu.lock"
    lock.write_text("pid 7 in /home/x" + "!" * 10_000)
    with lock.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        monkeypatch.setattr("time.sleep", lambda _: fcntl.flock(holder, fcntl.LOCK_UN))
        with device_lock("cpu", 1):
            pass
    said = capsys.readouterr().out
    assert said.startswith("waiting: another run holds the cpu device (pid 7 in /home/x!!!")
    assert len(said) < 400


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that all users of the machine share, as /tmp is."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o1777)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


def locks_the_cpu() -> str:
    """Take the lock, and say so."""
    with device_lock("cpu", 1):
        return "locked"


@needs_root
def test_two_users_of_a_machine_share_a_lock(common: Path) -> None:
    assert as_nobody(locks_the_cpu) == "locked"
    lock = common / "vllm-batchscope-cpu.lock"
    assert lock.stat().st_uid != os.geteuid()
    with device_lock("cpu", 1):
        assert as_nobody(lambda: device_is_free("cpu", 1)) is False
    assert as_nobody(lambda: device_is_free("cpu", 1)) is True


@needs_root
@pytest.mark.parametrize("mode", [0o666, 0o644, 0o444])
def test_a_lock_of_another_user_s_that_may_be_read_locks(common: Path, mode: int) -> None:
    lock = common / "vllm-batchscope-cpu.lock"
    lock.write_text("pid 1 in /somewhere")
    lock.chmod(mode)
    assert as_nobody(locks_the_cpu) == "locked"
    with lock.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert as_nobody(lambda: device_is_free("cpu", 1)) is False
    assert lock.stat().st_uid == os.geteuid()


@needs_root
def test_a_lock_of_another_user_s_that_may_not_be_read_is_told_and_each_remedy_works(
    common: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = common / "vllm-batchscope-cpu.lock"
    lock.touch(0o600)
    said = as_nobody(locks_the_cpu)
    assert said.startswith(f"UserError: {lock}: the lock of a device cannot be opened (Permission denied)")
    looked = as_nobody(lambda: [str(each) for each in check(situation({}))])
    assert str(lock) in looked[0], "the look before a call tells the same"
    assert "ask its owner to, or set TMPDIR to a folder that all users of this machine share" in said
    shared = common / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    assert as_nobody(locks_the_cpu) == "locked"
    monkeypatch.setattr("tempfile.tempdir", str(common))
    assert as_nobody(lock.unlink).startswith("PermissionError"), "so the owner is to be asked"
    lock.unlink()
    assert as_nobody(locks_the_cpu) == "locked"


@pytest.fixture
def two_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor as two devices: three cores and one."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv(module.CORE_SETS, "[[0, 1, 4], [2]]")


@pytest.mark.usefixtures("two_sets")
def test_each_set_of_cores_is_a_device() -> None:
    with device_lock("cpu", 1) as (first,):
        assert (first.name, first.cores) == ("0,1,4", (0, 1, 4))
        with device_lock("cpu", 1) as (second,):
            assert second.cores == (2,)
            assert not device_is_free("cpu", 1)
        assert device_is_free("cpu", 1)
        assert not device_is_free("cpu", 2)
    with pytest.raises(UserError, match="needs 3 sets of cores, and there are 2"), device_lock("cpu", 3):
        pass


@pytest.mark.usefixtures("two_sets")
def test_a_run_that_has_the_processor_whole_excludes_all_sets_and_they_exclude_it(monkeypatch) -> None:
    with device_lock("cpu", 1):
        monkeypatch.delenv(module.CORE_SETS)
        assert not device_is_free("cpu", 1)
        monkeypatch.setenv(module.CORE_SETS, "[[5], [4, 6]]")
        assert device_is_free("cpu", 1), "another workflow's set of other cores"
        assert not device_is_free("cpu", 2), "core 4 is held"
    monkeypatch.delenv(module.CORE_SETS)
    with device_lock("cpu", 1) as whole:
        assert whole == []
        monkeypatch.setenv(module.CORE_SETS, "[[0], [2]]")
        assert not device_is_free("cpu", 1)
