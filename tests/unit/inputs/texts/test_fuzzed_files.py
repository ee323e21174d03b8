"""Every file is read as it is, or refused with a message; nothing is written but what is asked for."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given
from support.data_helpers import Outcome, make_dataset
from support.fuzzing.imdb_archives import archives
from support.fuzzing.text_files import Fuzzed, text_files

from batchscope.common.errors import LONGEST_MESSAGE, NOT_SHOWN
from batchscope.inputs.texts.source_text import read_source_texts

WRITTEN = {"texts.csv", "summary.json"}


@contextmanager
def folder_for(name: str, content: bytes) -> Iterator[Path]:
    """A folder in another one, with one file; at the end there is nothing else in either that was not asked for."""
    with tempfile.TemporaryDirectory() as outside:
        inside = Path(outside) / "inside"
        (inside / name).parent.mkdir(parents=True)
        (inside / name).write_bytes(content)
        yield inside
        assert [path.name for path in Path(outside).iterdir()] == ["inside"]
        left = {str(path.relative_to(inside)) for path in inside.rglob("*") if path.is_file()}
        assert left - WRITTEN == {name}


def assert_read_or_refused(outcome: Outcome, name: str) -> None:
    said = outcome.stderr
    if outcome.returncode:
        outcome.assert_refused()
        assert said.startswith("error: ")
        assert len(said) < LONGEST_MESSAGE + 200
        assert not NOT_SHOWN.search(said)
        return
    texts = read_source_texts(outcome.texts_csv)
    assert len(texts) == outcome.summary["rows"] > 0
    for text in texts:
        assert text.content.strip()
        assert "\0" not in text.content
        assert text.label in {"positive", "negative", None}


@given(text_files())
def test_fuzzed_files(fuzzed: Fuzzed) -> None:
    with folder_for(fuzzed.name, fuzzed.content) as folder:
        block = {"path": fuzzed.name} | fuzzed.keys
        assert_read_or_refused(make_dataset(folder, source="file", select="first", file=block), fuzzed.name)


@given(archives())
def test_fuzzed_archives(content: bytes) -> None:
    name = "downloads/archive.tar.gz"
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    with folder_for(name, content) as folder:
        block = {"url": "http://127.0.0.1:9/archive.tar.gz", "md5": md5}
        assert_read_or_refused(make_dataset(folder, source="imdb", imdb=block), name)
