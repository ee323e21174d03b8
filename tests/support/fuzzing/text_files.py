"""Strategies for files of texts: whole ones of every format and packing, and what becomes of them on the way."""

import bz2
import datetime
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from support.text_files import as_csv, as_json_lines, zipped, zstandard


class Fuzzed(NamedTuple):
    """A file, and the keys of the block ``file`` that it is read with."""

    name: str
    content: bytes
    keys: dict[str, Any]


TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "A fine film.",
                'Says "no", and\nleaves.',
                "电影 🎬",
                "",
                " ",
                "a\rb",
                "\ufeffx",
                "\u2028",
                "<html>",
                "=1+1",
            ),
            *(
                "NaN",
                "null",
                "1",
                "-0",
                "x" * 140_000,
                "\x1b[31m",
                "a\0b",
                "{",
                "[1]",
                "'",
                '"',
                ",;\t|",
                "\\",
                "true",
            ),
        ]
    ),
    st.text(max_size=20),
)
LABELS = st.sampled_from(
    ["positive", "negative", "Positive ", "", "meh", "1", "0", "x" * 300, "a\nb", "\x07"]
)
HEADERS = st.sampled_from(
    [
        ("text", "label"), ("review", "sentiment"), ("text", "text"), ("a", "b"), ("", ""), ("\x1b[2J", "label"), ("A long text.", "b"),
        ("x" * 5_000, "label"), ("text\0", "label"), ("\ufefftext", "label"), ("电影", "情感"), ("{x}", "$HOME"),
    ]
)  # fmt: skip


GOOD_TEXTS = st.sampled_from(
    [
        "A fine film.",
        'Says "no", and\nleaves.',
        "电影 🎬",
        "a\rb",
        "x" * 140_000,
        ",;\t|",
        "Größe",
        "{x}",
        "=1+1",
        "NaN",
    ]
)
GOOD_LABELS = st.sampled_from(["positive", "negative", "Positive ", ""])
GOOD_HEADERS = st.sampled_from([("text", "label"), ("review", "sentiment"), ("Text", "gold")])


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of a table: texts with one of two labels, or anything."""
    texts, labels, headers = draw(
        st.sampled_from([(GOOD_TEXTS, GOOD_LABELS, GOOD_HEADERS)] * 2 + [(TEXTS, LABELS, HEADERS)])
    )
    text, label = draw(headers)
    count = draw(st.integers(0, 4))
    return [{text: draw(texts), label: draw(labels)} for _ in range(count)] or [
        {text: "Fine.", label: "positive"}
    ]


CELLS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "bytes": st.binary(max_size=5),
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(),
    "bool": st.booleans(),
    "date": st.dates(),
    "time": st.datetimes(min_value=datetime.datetime(1700, 1, 1), max_value=datetime.datetime(2200, 1, 1)),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000),
    "list": st.lists(st.integers(0, 9), max_size=2),
    "struct": st.builds(lambda n: {"a": n}, st.integers(0, 9)),
}


@st.composite
def parquet(draw: st.DrawFn) -> bytes:
    """A Parquet file with columns of any type, and gaps."""
    count = draw(st.integers(0, 4))
    columns = {}
    for name in draw(
        st.lists(st.sampled_from(["text", "label", "a", "", "x\0"]), min_size=1, max_size=3, unique=True)
    ):
        cells = st.one_of(st.none(), CELLS[draw(st.sampled_from(["text", "text", *CELLS]))])
        columns[name] = draw(st.lists(cells, min_size=count, max_size=count))
    table = pa.table(columns)
    features = draw(
        st.sampled_from(
            ["", "{}", "[", '{"info": 3}', '{"info": {"features": {"label": {"names": ["neg", 1]}}}}']
        )
    )
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"huggingface": features} if features else None), buffer)
    return buffer.getvalue()


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["text", "label", "a", ""]), inner, max_size=3),
    ),
    max_leaves=6,
)


def _tar(names: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in names.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


CONTENTS: dict[str, st.SearchStrategy[bytes]] = {
    "csv": rows().map(as_csv),
    "tsv": rows().map(lambda found: as_csv(found, "\t")),
    "ssv": rows().map(lambda found: as_csv(found, ";")),
    "jsonl": rows().map(as_json_lines),
    "json": rows().map(lambda found: json.dumps(found).encode()),
    "json values": JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    "json lines": st.lists(JSON_VALUES, max_size=3).map(
        lambda values: "\n".join(map(json.dumps, values)).encode()
    ),
    "parquet": parquet(),
    "txt": st.lists(TEXTS, max_size=4).map(lambda lines: "\n".join(lines).encode(errors="replace")),
    "tar": rows().map(lambda found: _tar({"a.csv": as_csv(found)})),
    "bytes": st.binary(max_size=200),
    "page": st.sampled_from(
        [
            b"<!DOCTYPE html><p>404",
            b"<html>",
            b"%PDF-1.7",
            b"\xd0\xcf\x11\xe0",
            b"SQLite format 3\0",
            b"ARROW1",
        ]
    ),
    "deep": st.sampled_from(
        [
            b"[" * 100_000,
            b'{"text":' * 60_000,
            b'{"text": 1e999, "label": 2}',
            b'{"text": ' + b"9" * 5_000 + b"}",
        ]
    ),
}

TABLES = ("csv", "tsv", "ssv", "jsonl", "json", "parquet", "txt")

MEMBERS = st.sampled_from(
    [
        *(
            "in.csv",
            "../../up.csv",
            "/etc/passwd",
            "a/../../b.csv",
            "",
            "dir/",
            "C:\\x.csv",
            "x" * 300 + ".csv",
            "电影.csv",
        ),
        *(
            "__MACOSX/._in.csv",
            ".hidden",
            "[Content_Types].xml",
            "a\nb.csv",
            "\x1b.csv",
            "{x}.csv",
            "in.jsonl",
            "in.zip",
        ),
    ]
)


@st.composite
def zips(draw: st.DrawFn, content: bytes) -> bytes:
    """A .zip with one file or a few, of odd names and packings, now and then with another .zip in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in draw(
            st.lists(MEMBERS, min_size=1, max_size=draw(st.sampled_from([1, 1, 3])), unique=True)
        ):
            packing = draw(
                st.sampled_from(
                    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
                )
            )
            inner = zipped(content, "in.csv") if draw(st.integers(0, 9)) == 0 else content
            archive.writestr(zipfile.ZipInfo(name), inner, packing)
    return buffer.getvalue()


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@st.composite
def packed(draw: st.DrawFn, content: bytes) -> bytes:
    """The content in one packing or several."""
    for packer in draw(
        st.sampled_from(
            [[], [], [_gzip], [bz2.compress], [lzma.compress], [zstandard], [_gzip, _gzip], ["zip"]]
        )
    ):
        content = draw(zips(content)) if packer == "zip" else packer(content)
    return content


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The content cut, with bits turned, pieces put in, or in another encoding; whole in three of five."""
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        at = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["cut", "head", "flip", "flip", "insert", "repeat", "encoding"])):
            case "cut":
                content = content[:at]
            case "head":
                content = content[at:]
            case "flip" if content:
                at = min(at, len(content) - 1)
                content = (
                    content[:at] + bytes([content[at] ^ (1 << draw(st.integers(0, 7)))]) + content[at + 1 :]
                )
            case "insert":
                piece = draw(
                    st.sampled_from(
                        [
                            b"\0",
                            b"\xff",
                            b'"',
                            b"\n",
                            b"\r",
                            b"\xff\xfe",
                            b"\xef\xbb\xbf",
                            b",",
                            b"\x1f\x8b",
                            b"\xed\xa0\x80",
                        ]
                    )
                )
                content = content[:at] + piece + content[at:]
            case "repeat":
                content = content[:at] * 2 + content[at:]
            case "encoding":
                text = content.decode("utf-8", errors="replace")
                content = text.encode(
                    draw(st.sampled_from(["utf-16", "utf-16-le", "latin-1", "utf-7", "utf-32", "cp1252"])),
                    errors="replace",
                )
    return content


KEYS = st.fixed_dictionaries(
    {},
    optional={
        "format": st.sampled_from(["auto", "csv", "jsonl", "parquet", "txt"]),
        "encoding": st.sampled_from(
            [
                "utf-8",
                "utf-16",
                "cp1252",
                "latin-1",
                "utf-7",
                "ascii",
                "idna",
                "punycode",
                "unicode_escape",
                "utf-32",
                "big5",
                "utf-8-sig",
                "shift_jis",
                "iso2022_jp",
            ]
        ),
        "delimiter": st.sampled_from([",", "tab", ";", "|", " ", "x", "\\", "é", "'"]),
        "quotes": st.booleans(),
        "text_column": st.sampled_from(["text", "auto", "a", "nowhere"]),
        "label_column": st.sampled_from(["label", "auto", None, "text"]),
        "id_column": st.sampled_from(["label", "text", None, "a"]),
    },
)
NAMES = st.sampled_from(
    [
        *(
            "in.csv",
            "in.tsv",
            "in.jsonl",
            "in.json",
            "in.parquet",
            "in.txt",
            "in",
            "in.csv.gz",
            "in.zip",
            "in.dat",
            "in.tar.gz",
        ),
        *(
            "my {texts} 'x' 100% $HOME.csv",
            "电影 🎬.csv",
            "a\nb.csv",
            "-x.csv",
            "in.CSV",
            " .csv",
            "{{x}}.jsonl",
            '"q".csv',
            "\x1b.csv",
        ),
    ]
)


@st.composite
def text_files(draw: st.DrawFn) -> Fuzzed:
    """A file of any format, packed, damaged inside or outside of its packing, under any name and keys."""
    kind = draw(st.sampled_from([*TABLES, *TABLES, *sorted(CONTENTS)]))
    content = draw(CONTENTS[kind])
    content = draw(packed(draw(damaged(content))))
    content = draw(damaged(content)) if draw(st.integers(0, 2)) == 0 else content
    name = draw(NAMES) if draw(st.booleans()) else f"in.{kind.replace('ssv', 'csv')}"
    return Fuzzed(name, content, draw(KEYS) if draw(st.integers(0, 3)) == 0 else {})
