"""Memory snapshots of PyTorch's allocator: their history, and captures that are no good."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from support.memory_captures import SNAPSHOT, START, capture, whole

from batchscope.common.errors import UserError
from batchscope.profiling.memory_snapshot import joined, parse, read_snapshot, timeline


def test_the_history_is_counted_back_from_what_the_snapshot_holds() -> None:
    curve = timeline(SNAPSHOT)
    assert curve["allocated_bytes"].tolist() == [700, 750, 700]
    assert curve["time_s"].tolist() == [2, 4, 5]
    assert len(timeline({"segments": [], "device_traces": [[]]})) == 0


def test_the_engines_start_comes_before_the_latest_history() -> None:
    curve, missing = joined(START, SNAPSHOT)
    assert curve["time_s"].tolist() == [0.2, 0.3, 0.4, 0.5, 2, 4, 5]
    assert curve["allocated_bytes"].tolist() == [300, 340, 300, 350, 700, 750, 700]
    assert missing == [0.5, 1.0]


def test_a_history_that_holds_the_start_adds_only_what_came_later() -> None:
    curve, missing = joined(START, whole())
    assert curve["time_s"].tolist() == [0.2, 0.3, 0.4, 0.5, 2, 4, 5]
    assert missing is None
    latest = {
        **SNAPSHOT,
        "device_traces": [whole()["device_traces"][0][3:]],
    }  # its first events are overwritten
    assert joined(START, latest)[1] is None


def test_a_history_may_be_empty() -> None:
    empty = {"segments": [], "device_traces": [[]]}
    assert len(joined(START, empty)[0]) == 4
    assert len(joined(empty, SNAPSHOT)[0]) == 3
    assert joined(START, empty)[1] is joined(empty, SNAPSHOT)[1] is None


def test_a_capture_is_read(tmp_path: Path) -> None:
    folder = capture(tmp_path, "cuda")
    found, curve = parse(folder, "cuda")
    assert found["figures"]["used"] == 1000
    assert "not_kept" not in found
    assert curve is not None
    assert len(curve) == 3
    (folder / "start.pickle").write_bytes(pickle.dumps(START))
    found, curve = parse(folder, "cuda")
    assert found["not_kept"] == [0.5, 1.0]
    assert curve is not None
    assert len(curve) == 7
    assert parse(capture(tmp_path, "cpu"), "cpu")[1] is None


class Foreign:
    """A pickle that would load code."""

    def __reduce__(self) -> tuple[Callable[..., str], tuple[str]]:
        return (str, ("code",))


@pytest.mark.parametrize(
    ("snapshot", "message"),
    [
        (None, "wrote no snapshot"),
        (b"", "cut off or damaged"),
        (pickle.dumps(SNAPSHOT)[:-40], "cut off or damaged"),
        (b"no pickle", "cut off or damaged"),
        (pickle.dumps({"segments": []}), "cut off or damaged"),
        (pickle.dumps([SNAPSHOT]), "cut off or damaged"),
        (pickle.dumps({**SNAPSHOT, "extra": Foreign()}), "cut off or damaged"),
    ],
)
def test_a_snapshot_that_is_no_good_says_so(tmp_path: Path, snapshot: bytes | None, message: str) -> None:
    path = tmp_path / "snapshot.pickle"
    if snapshot is not None:
        path.write_bytes(snapshot)
    with pytest.raises(UserError) as error:
        read_snapshot(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}"])
def test_figures_that_are_missing_or_cut_off_are_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "memory.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match="missing or damaged; is the disk full") as error:
        parse(tmp_path, "cpu")
    assert str(path) in str(error.value)
