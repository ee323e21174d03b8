"""Before files are merged it is known which of them says what."""

from pathlib import Path

import pytest

from batchscope.common.errors import UserError
from batchscope.config.reading.layers import check_layers


def files(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / f"{number}.yaml" for number, _ in enumerate(texts)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


MINE = "studies: {mine: {grid: {n: [4]}}}"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (
            ["gpus: 0", "studies: {packng: null}"],
            "1.yaml: studies.packng: null drops a study, and there is none",
        ),
        (["gpus: 0", "studies: {packng: null}"], "did you mean 'packing'?"),
        ([MINE, "studies: {min: null}"], "did you mean 'mine'?"),
        (["serving: {studies: {open_lop: null}}"], "0.yaml: serving.studies.open_lop: null drops a study"),
        (["studies: {mine: null}", MINE], "0.yaml: studies.mine"),
        (["a: 1\na: 2"], "0.yaml, line 2: the key 'a' stands there again"),
    ],
)
def test_an_entry_that_drops_nothing_is_refused(tmp_path: Path, texts: list[str], words: str) -> None:
    with pytest.raises(UserError) as error:
        check_layers(files(tmp_path, *texts), {})
    assert words in str(error.value)


def test_one_on_the_command_line_too(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--config: studies\\.mine: null"):
        check_layers(files(tmp_path, "gpus: 0"), {"studies": {"mine": None}})
    check_layers(files(tmp_path, MINE), {"studies": {"mine": None}})


def test_studies_of_the_default_and_of_files_before_can_be_dropped(tmp_path: Path) -> None:
    check_layers(files(tmp_path, "studies: {packing: null}\nserving: {studies: {open_loop: null}}"), {})
    check_layers(files(tmp_path, MINE, "studies: {mine: null}", "studies: {mine: null}"), {})
    check_layers([tmp_path / "missing.yaml"], {})


def test_the_configuration_of_an_earlier_call_keeps_its_nulls(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"studies": {"long gone": null}}')
    check_layers([tmp_path / "config.json"], {})


@pytest.mark.parametrize(
    "text", ["studies: 3", "studies: [1]", "serving: {studies: x}", "serving: null", "{1: 2}"]
)
def test_what_is_of_another_kind_is_left_to_the_models(tmp_path: Path, text: str) -> None:
    check_layers(files(tmp_path, text), {})
