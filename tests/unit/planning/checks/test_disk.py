"""Room for what will be written."""

from pathlib import Path

from support.situations import problem, situation

from batchscope.planning.checks.disk import bytes_to_write, check, existing, too_full


def test_more_runs_and_more_texts_take_more_room() -> None:
    few = bytes_to_write(situation({}))
    more = bytes_to_write(situation({"studies": {"mine": {"set": {"texts": 4000}}}}))
    assert more - few > 12 * 300 * 3900
    assert bytes_to_write(situation({"dataset": {"source": "imdb"}})) > few + 1e8


def test_a_disk_that_is_too_full_and_one_that_is_not(tmp_path: Path) -> None:
    (found,) = too_full(tmp_path, 3_000_000, 1_000_001)
    assert found.where == str(tmp_path)
    assert found.remedy == "free 2 MB or more there"
    assert not list(too_full(tmp_path, 3_000_000, 3_000_000))


def test_the_disk_is_that_of_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    assert existing(tmp_path / "a" / "b") == tmp_path
    assert existing(Path("results/no/such/folder")).is_absolute()
    assert not list(check(situation({}, tmp_path / "results")))


def test_more_texts_than_any_disk_holds_are_refused(tmp_path: Path) -> None:
    huge = situation(
        {
            "dataset": {"source": "imdb"},
            "studies": {"mine": {"set": {"texts": 10**7}, "grid": {"n": [*range(2, 400)]}}},
        },
        tmp_path / "results",
    )
    assert problem(list(check(huge))).where == str(tmp_path / "results")
