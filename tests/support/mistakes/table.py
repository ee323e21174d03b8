"""docs/mistakes.md: a table of all mistakes and what is said of each, as the tests see it."""

from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from support.mistakes import EACH, MISTAKES
from support.mistakes.looking import said
from support.mistakes.mistake import Mistake, World
from support.project import ROOT

PAGE = ROOT / "docs" / "mistakes.md"

BEGINNING = """\
# Mistakes and what is said

What a call of Snakemake ends with where something is wrong: {count} mistakes, each tried in the tests, and so is what is right in its
place. None starts an engine, none is a traceback. The key stands over `configs/ci.yaml` in a file of the user's; sizes of a machine
are left out (...). `python tests/write_mistakes.py` writes this page from what the tests see.
"""

HEADINGS = {
    "configuration": "Configuration",
    "names": "Names",
    "data": "Files of texts and results",
    "model": "Models and environments",
    "hub": "The hub",
    "engine argument": "Engine arguments",
    "hardware": "Devices, memory, disk, ports, programs",
}

COLUMNS = ("what is wrong", "the call", "the end of the console", "what is right")

LONGEST = 240
"""Characters of a configuration, at most, that the table shows."""


def page() -> str:
    """The page, from a call for each mistake."""
    with TemporaryDirectory() as folder:
        parts = [BEGINNING.format(count=len(EACH))]
        for kind, of_kind in MISTAKES.items():
            rows = [
                row(name, each, said(each.wrong, Path(folder, str(number), kind)) or "")
                for number, (name, each) in enumerate(of_kind.items())
            ]
            parts.append("\n".join([f"## {HEADINGS[kind]}\n", _line(COLUMNS), _line(["---"] * 4), *rows, ""]))
    return "\n".join(parts)


def row(name: str, mistake: Mistake, message: str) -> str:
    """A line of the table."""
    wrong, right = mistake.wrong, mistake.right
    same = wrong.written() == right.written() and wrong.variables == right.variables
    corrected = "the same call, once that is corrected" if same else _call(right)
    return _line([name, _call(wrong), escape(f"error: {message}", quote=False), corrected])


def _call(world: World) -> str:
    variables = " ".join(f"{name}={value}" for name, value in world.variables.items() if value)
    return " ".join(filter(None, (_code(variables), _code(world.written().strip()))))


def _code(text: str) -> str:
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 60]} ... {text[-50:]}"
    return f"<code>{escape(text, quote=False)}</code>" if text else ""


def _line(cells: tuple[str, ...] | list[str]) -> str:
    shown = (cell.replace("|", "&#124;").replace("\n", "<br>") for cell in cells)
    return f"| {' | '.join(shown)} |"
