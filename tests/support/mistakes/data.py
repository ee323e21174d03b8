"""Files of texts: not there, of another kind, dirty, or too few of them."""

import gzip
import io
import tarfile
import zipfile
from typing import Any

from support.imported_results import FILES
from support.mistakes.mistake import SITE, Mistake, World

HEADER = b"review,sentiment\n"
ROWS = HEADER + b"fine words,positive\nbad words,negative\n" * 20
STUDIES: dict[str, Any] = {"studies": {"packing": None, "saturation": {"set": {"texts": 40}}}}


def csv(path: str = "mine.csv", **keys: Any) -> dict[str, Any]:
    """An overlay that names a CSV file."""
    return {"dataset": {"source": "csv", "csv": {"path": path, **keys}}, **STUDIES}


def file(path: str, **keys: Any) -> dict[str, Any]:
    """An overlay that names a file of any kind, with labels of two words."""
    return {"dataset": {"source": "file", "file": {"path": path, **keys}}, **STUDIES}


def in_csv(content: bytes, says: list[str], right: bytes = ROWS, *, e2e: bool = False) -> Mistake:
    """A CSV file, and what it should be."""
    overlay = csv()
    worlds = [World(overlay, {"mine.csv": each}) for each in (content, right)]
    return Mistake(worlds[0], tuple(says), worlds[1], e2e)


def in_file(name: str, content: bytes, says: list[str], right: tuple[str, bytes], **keys: Any) -> Mistake:
    """A file of any kind, and the one that should be there."""
    (right_name, right_content), e2e = right, bool(keys.pop("e2e", False))
    worlds = [
        World(file(name, **keys), {name: content}),
        World(file(right_name, **keys), {right_name: right_content}),
    ]
    return Mistake(worlds[0], tuple(says), worlds[1], e2e)


def archive(**members: bytes) -> bytes:
    """A .zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in members.items():
            packed.writestr(f"{name}.csv", content)
    return buffer.getvalue()


def declares_a_terabyte() -> bytes:
    """A .zip of a few bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mine.csv", ROWS)
        packed.infolist()[0].file_size = 1 << 40
    return buffer.getvalue()


def tar_of(content: bytes) -> bytes:
    """An archive of one file."""
    buffer, member = io.BytesIO(), tarfile.TarInfo("mine.csv")
    member.size = len(content)
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        packed.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def result_file(content: bytes, says: list[str], *, e2e: bool = False, **keys: Any) -> Mistake:
    """A result file of another benchmark, and a right one in its place, with nothing said of its format."""
    there = {"theirs.json": REAL_RESULT}
    wrong = World({"imported": {"theirs": {"path": "theirs.json", **keys}}}, {"theirs.json": content})
    return Mistake(wrong, tuple(says), World({"imported": {"theirs": {"path": "theirs.json"}}}, there), e2e)


REAL_RESULT = (FILES / "guidellm.json").read_bytes()
GOOD = ("mine.csv", ROWS)
LINES = b'{"text": "fine words", "label": "positive"}\n{"text": "bad words", "label": "negative"}\n' * 20
TEAMS = b"text\tcategory\n" + b"Where is it?\tdelivery\nI paid twice.\tbilling\n" * 20

DATA = {
    "no such file": Mistake(
        World(csv("nowhere.csv"), {"mine.csv": ROWS}),
        ("dataset.csv.path", "nowhere.csv", "put it there or set the key"),
        World(csv("mine.csv"), {"mine.csv": ROWS}),
        end_to_end=True,
    ),
    "no such column": Mistake(
        World(csv(), {"mine.csv": ROWS.replace(b"review,", b"words,")}),
        ("dataset.csv.text_column", "words"),
        World(csv(text_column="words"), {"mine.csv": ROWS.replace(b"review,", b"words,")}),
    ),
    "an empty text": in_csv(ROWS + b",negative\n", ["mine.csv", "row 41", "empty text", "correct or remove"]),
    "a label that is none of the task's": in_csv(
        ROWS + b"fine,meh\n", ["mine.csv", "row 41", "meh"], e2e=True
    ),
    "bytes that are no UTF-8": in_csv(ROWS + b"b\xff,negative\n", ["mine.csv", "row 41", "UTF-8"], e2e=True),
    "a quote that is never closed": in_csv(
        ROWS + b'"bad,negative\n', ["mine.csv", "row 41", "close the quote"]
    ),
    "a row with too many fields": in_csv(
        ROWS + b"fine, really,positive\n", ["row 41", "3 fields where the header has 2", "quote a text"]
    ),
    "a header and no rows": in_csv(HEADER, ["mine.csv", "no rows"]),
    "an empty file": in_csv(b"", ["mine.csv", "is empty"]),
    "a checksum of another file": Mistake(
        World(csv(sha256="0" * 64), {"mine.csv": ROWS}),
        ("dataset.csv.sha256", "has SHA-256", "correct the checksum"),
        World(csv(sha256=None), {"mine.csv": ROWS}),
    ),
    "labels of another task": Mistake(
        World(file("mine.tsv"), {"mine.tsv": TEAMS}),
        ("task.labels", "mine.tsv", "task: {labels: [billing, delivery]}"),
        World({**file("mine.tsv"), "task": {"labels": ["billing", "delivery"]}}, {"mine.tsv": TEAMS}),
        end_to_end=True,
    ),
    "two columns that may hold the texts": Mistake(
        World(file("mine.csv"), {"mine.csv": b"a,b\n" + b"some words,more words\n" * 40}),
        ("dataset.file.text_column", "a, b"),
        World(file("mine.csv", text_column="a"), {"mine.csv": b"a,b\n" + b"some words,more words\n" * 40}),
    ),
    "a line that is no JSON": in_file(
        "mine.jsonl", LINES + b'{"text": "bad"\n', ["mine.jsonl", "row 41 (line 41)"], ("mine.jsonl", LINES)
    ),
    "a web page": in_file("mine.csv", b"<!doctype html>", ["mine.csv", "is a web page"], GOOD),
    "a workbook": in_file(
        "mine.xlsx",
        archive(**{"[Content_Types]": b""}).replace(b"[Content_Types].csv", b"[Content_Types].xml"),
        ["is a workbook", "save the sheet as CSV"],
        GOOD,
    ),
    "a damaged archive": in_file(
        "mine.csv.gz",
        b"\x1f\x8bno",
        ["mine.csv.gz", "cannot read"],
        ("mine.csv.gz", gzip.compress(ROWS, mtime=0)),
    ),
    "an archive of several files": in_file(
        "mine.zip", archive(a=ROWS, b=ROWS), ["holds 2 files (a.csv, b.csv)", "unpack it"], ("a.csv", ROWS)
    ),
    "an archive of tar's": in_file("mine.tar", tar_of(ROWS), ["is an archive", "unpack it"], GOOD),
    "an archive that unpacks to a terabyte": in_file(
        "mine.zip",
        declares_a_terabyte(),
        ["unpacks to 1,099.5 GB", "make room, or name a smaller file"],
        ("mine.zip", archive(mine=ROWS)),
        e2e=True,
    ),
    "a PDF": in_file("mine.pdf", b"%PDF-1.7\n", ["is a PDF document", "as CSV"], GOOD),
    "text in UTF-16": Mistake(
        World(file("mine.csv"), {"mine.csv": ROWS.decode().encode("utf-16")}),
        ("is UTF-16 text", "set dataset.file.encoding: utf-16"),
        World(file("mine.csv", encoding="utf-16"), {"mine.csv": ROWS.decode().encode("utf-16")}),
    ),
    "more texts than rows": Mistake(
        World(csv(), {"mine.csv": HEADER + b"fine words,positive\nbad words,negative\n" * 10}),
        ("asks for 40 texts, and there are 20", "lower texts to 20"),
        World(
            {**csv(), "studies": {"packing": None, "saturation": {"set": {"texts": 20}}}},
            {"mine.csv": HEADER + b"fine words,positive\nbad words,negative\n" * 10},
        ),
        end_to_end=True,
    ),
    "a text that no prompt holds": Mistake(
        World(csv(), {"mine.csv": ROWS.replace(b"fine words", b"fine words " * 11_000, 1)}),
        ("dataset: row 1 (line 2) of mine.csv", "is too long on its own", "workload.text_tokens"),
        World(
            {**csv(), "workload": {"text_tokens": 200}},
            {"mine.csv": ROWS.replace(b"fine words", b"fine words " * 11_000, 1)},
        ),
    ),
    "a web page at an address": Mistake(
        World(csv(f"{SITE}/mine.csv"), served=b"<html><body>Please log in</body></html>"),
        ("dataset.csv.path", "is a web page, not the file itself (nothing of it is kept)"),
        World(csv(f"{SITE}/mine.csv"), served=ROWS),
        end_to_end=True,
    ),
    "an error of a store at an address": Mistake(
        World(csv(f"{SITE}/mine.csv"), served=b"<Error><Code>AccessDenied</Code></Error>"),
        ("dataset.csv.path", "an error in XML", "nothing of it is kept"),
        World(csv(f"{SITE}/mine.csv"), served=ROWS),
    ),
    "a pointer of Git LFS at an address": Mistake(
        World(csv(f"{SITE}/mine.csv"), served=b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        ("a pointer of Git LFS (name the address of the content)",),
        World(csv(f"{SITE}/mine.csv"), served=ROWS),
    ),
    "a result file that is not there": Mistake(
        World({"imported": {"theirs": {"path": "theirs.json"}}}, {"results.json": REAL_RESULT}),
        ("imported.theirs.path", "there is no file theirs.json", "put it there or correct the path"),
        World({"imported": {"theirs": {"path": "results.json"}}}, {"results.json": REAL_RESULT}),
        end_to_end=True,
    ),
    "a result file that is cut off": result_file(
        REAL_RESULT[:5_000], ["imported.theirs.path", "is no JSON", "copy it again"]
    ),
    "a result file of no known tool": result_file(
        b'{"throughput": 3}',
        ["of no known format", "its first keys: throughput", "the JSON report of GuideLLM"],
    ),
    "a result file of another tool": result_file(
        REAL_RESULT, ["imported.theirs.format", "but of GuideLLM", "write guidellm or auto"], format="aiperf"
    ),
    "a result file of another version": result_file(
        REAL_RESULT.replace(b'"version": 2', b'"version": 7'),
        ["is of version 7 of GuideLLM's reports, and 1 and 2 are known", "another version of the tool"],
    ),
}
