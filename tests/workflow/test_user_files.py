"""Files and folders of the user's, whatever they are called, from Snakemake to the data set."""

from pathlib import Path
from typing import Any

import pytest
from support.project import Outcome, Project

from batchscope.inputs.texts.source_text import read_source_texts

pytestmark = pytest.mark.long

TASK = {"labels": ["billing", "delivery"]}
LINES = "text,team\nI paid twice.,billing\nWhere is it?,delivery\n"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def made(project: Project, path: str, **keys: Any) -> Outcome:
    dataset = {"source": "file", "select": "first", "file": {"path": path}} | keys
    config = {"title": "Kurze Texte übers Kino 电影", "dataset": dataset, "task": TASK}
    outcome = project.snakemake("results/data/texts.csv", config=config)
    assert outcome.status == 0, outcome.text
    return outcome


def texts(project: Project) -> list[tuple[str, str | None]]:
    return [(text.content, text.label) for text in read_source_texts(project.results / "data" / "texts.csv")]


@pytest.mark.parametrize("name", ["my {texts} 'x' 100% $HOME.csv", "Bücher 电影.csv"])
def test_a_file_of_any_name_is_read_again_when_it_changes(project: Project, name: str) -> None:
    path = project.folder / name
    path.write_text(LINES)
    assert made(project, name).rules == {"make_dataset": 1}
    assert texts(project) == [("I paid twice.", "billing"), ("Where is it?", "delivery")]
    assert not made(project, name).rules
    path.write_text(LINES.replace("twice", "three times"))
    assert made(project, name).rules == {"make_dataset": 1}
    assert texts(project)[0] == ("I paid three times.", "billing")


def test_a_folder_is_read_again_when_a_file_comes(project: Project) -> None:
    folder = project.folder / "many texts"
    for number in range(30):
        write(folder / "billing" / f"{number}.txt")
    assert made(project, "many texts").rules == {"make_dataset": 1}
    assert not made(project, "many texts").rules
    write(folder / "delivery" / "0.txt")
    assert made(project, "many texts").rules == {"make_dataset": 1}
    assert texts(project)[-1] == ("text 0", "delivery")


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"text {path.stem}")


def test_another_sample_makes_the_data_set_anew_and_another_description_does_not(project: Project) -> None:
    (project.folder / "mine.csv").write_text(LINES)
    made(project, "mine.csv")
    assert made(project, "mine.csv", select="random", seed=1).rules == {"make_dataset": 1}
    described = [{"name": name, "description": f"about {name}"} for name in TASK["labels"]]
    config = {
        "dataset": {"source": "file", "select": "random", "seed": 1, "file": {"path": "mine.csv"}},
        "task": {"labels": described, "instruction": "Which team?"},
    }
    assert not project.snakemake("results/data/texts.csv", config=config).rules


def test_a_machine_that_knows_ascii_only(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ASCII.items():
        monkeypatch.setenv(name, value)
    (project.folder / "Bücher.csv").write_text('text,team\n"Für 电影",billing\n', encoding="utf-8")
    assert made(project, "Bücher.csv").rules == {"make_dataset": 1}
    assert texts(project) == [("Für 电影", "billing")]
