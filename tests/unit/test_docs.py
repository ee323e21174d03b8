"""What the documentation names is there: linked files, modules, and the functions of docs/architecture.md."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config
from support.project import ROOT

from batchscope.config.configuration import load_config
from batchscope.studies.grid import expand_studies

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FILE = re.compile(
    r"(?<![\w/.}-])((?:batchscope|scripts|tests|benchmarks|docs|rules|envs|report|configs)/[\w./-]+"
    r"\.(?:py|smk|sh|md|rst|csv|yaml|in|lock))\b"
)
MODULE = re.compile(r"\b((?:batchscope|scripts|benchmarks|tests)(?:\.[a-z_]\w*)+)")
NAMED = re.compile(r"((?:`\w+`(?:, | and )?)+)(?: in|,)? \[(\w+\.py)\]\(([^)]+)\)")


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.md", "*.rst"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    made = re.compile(r"docs/reference/\w+/tables/")  # by the workflow, with links into its own results
    return [ROOT / name for name in listed.stdout.split() if not made.match(name)]


def is_file(module: str) -> bool:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py").is_file()


def is_module(name: str) -> bool:
    return is_file(name) or ROOT.joinpath(*name.split(".")).is_dir()


def defined_in(module: Path) -> set[str]:
    """Functions, classes and constants of a module."""
    names = set()
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    links = [link for link in LINK.findall(text) if "://" not in link and "{" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert [file for file in FILE.findall(text) if not (ROOT / file).exists() and "NAME" not in file] == []
    modules = {module.rstrip(".") for module in MODULE.findall(text)}
    # the last part may be a function or a file's ending
    assert [name for name in modules if not is_module(name) and not is_file(name.rpartition(".")[0])] == []


def test_the_functions_that_the_architecture_names_are_where_it_says():
    page = ROOT / "docs" / "architecture.md"
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    assert len(named) >= 20, "the pattern no longer finds what the page names"
    wrong = [
        f"{name} in {file}"
        for names, file, link in named
        for name in re.findall(r"`(\w+)`", names)
        if name not in defined_in(page.parent / link)
    ]
    assert wrong == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_piece_of_configuration_on_a_page_is_valid(page: Path) -> None:
    """As it is printed, laid over the default: a reader copies it."""
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        values = yaml.safe_load((ROOT / "config.yaml").read_text())
        overlay = yaml.safe_load(block)
        if set(overlay) <= set(values):  # a piece of a Slurm profile is not ours
            update_config(values, overlay)
            expand_studies(load_config(values))


def test_statistics_are_short_enough_to_be_read():
    text = LINK.sub("]", (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8"))
    assert len(re.findall(r"[A-Za-z][\w'.]*|\d[\d.,]*", text)) <= 1_500, (
        "derivations belong into the appendix"
    )
