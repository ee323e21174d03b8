from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.data_helpers import GOOD_CSV, Site, make_dataset, make_from_csv, serving

BAD: dict[str, tuple[bytes | None, Mapping[str, Any], tuple[str, ...]]] = {
    "missing file": (None, {}, ("dataset.csv.path", "there is no file in.csv", "put it there")),
    "a folder": (GOOD_CSV, {"path": "."}, ("dataset.csv.path", "there is no file")),
    "wrong checksum": (
        GOOD_CSV,
        {"sha256": "0" * 64},
        ("dataset.csv.sha256", "expected 000", "right file"),
    ),
}


@pytest.mark.parametrize(("content", "keys", "fragments"), BAD.values(), ids=BAD)
def test_a_wrong_file_is_refused(
    tmp_path: Path, content: bytes | None, keys: Mapping[str, Any], fragments: tuple[str, ...]
) -> None:
    make_from_csv(tmp_path, content, **keys).assert_refused(*fragments)


def test_a_url_is_downloaded_once(tmp_path: Path) -> None:
    with serving(Site(GOOD_CSV)) as site:
        url = site.url.replace("http://", "http://user:secret@") + "?token=secret"
        for _ in range(2):
            outcome = make_dataset(tmp_path, source="csv", csv={"path": url})
            assert outcome.returncode == 0, outcome.stderr
    assert len(site.requests) == 1
    assert outcome.summary["provenance"]["path"] == site.url
    assert "secret" not in outcome.stdout + outcome.stderr


def test_a_url_that_is_not_there(tmp_path: Path) -> None:
    with serving(Site(b"no such page", status=404)) as site:
        outcome = make_dataset(tmp_path, source="csv", csv={"path": site.url})
    outcome.assert_refused("dataset.csv.path", site.url, "404", "set dataset.csv.path to the file")
    assert len(site.requests) == 1
