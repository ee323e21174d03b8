"""Digests of code: of all that is imported, and of its logic alone."""

from pathlib import Path

import pytest

from batchscope.workflow.code_digest import digest_of, reached

HOUSE = {
    "scripts/make.py": '''"""Make things."""

from batchscope.tables import rows


def main():
    """Make them all."""
    rows()
''',
    "batchscope/tables/rows.py": '''"""Rows."""

LIMIT = 3


def rows():
    from batchscope.numbers import round_half_up

    return [round_half_up(LIMIT)]
''',
    "batchscope/numbers.py": "def round_half_up(value):\n    return int(value + 0.5)\n",
    "batchscope/unused.py": "X = 1\n",
}


@pytest.fixture
def build(tmp_path_factory: pytest.TempPathFactory):
    """Makes a house of its own, for what was read of a file is remembered; changed files by path."""

    def made(changed: dict[str, str] | None = None, data: dict[str, bytes] | None = None) -> Path:
        root = tmp_path_factory.mktemp("house")
        for name, text in {**HOUSE, **(changed or {})}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if path.parent != root / "scripts":
                (path.parent / "__init__.py").touch()
        for name, content in (data or {}).items():
            (root / name).write_bytes(content)
        return root

    return made


def digest(root: Path, **options) -> str:
    return digest_of(["scripts.make"], root=root, **options)


def edited(name: str, old: str, new: str) -> dict[str, str]:
    assert old in HOUSE[name]
    return {name: HOUSE[name].replace(old, new)}


ROWS = "batchscope/tables/rows.py"


@pytest.mark.parametrize(
    "changed",
    [
        edited("scripts/make.py", "Make things.", "Make other things."),
        edited("scripts/make.py", "Make them all.", "Make some\n\n    of them."),
        edited(ROWS, '"""Rows."""\n', ""),
        edited(ROWS, "LIMIT = 3\n", 'LIMIT = 3\n"""Of rows."""\n'),
        edited(ROWS, "LIMIT = 3", "# no more\nLIMIT = 3  # rows"),
        edited(ROWS, "LIMIT = 3", "\n\nLIMIT = 3\n\n"),
        edited(ROWS, "LIMIT = 3", "LIMIT   =  (3)"),
        edited("batchscope/unused.py", "1", "2"),
    ],
    ids=[
        "docstring of a module", "docstring of a function", "no docstring", "docstring of a name", "comment",
        "blank lines", "format", "a module that nothing imports",
    ],
)  # fmt: skip
def test_words_change_nothing(build, changed: dict[str, str]) -> None:
    assert digest(build(changed)) == digest(build())


def test_quotes_and_line_breaks_change_nothing(build) -> None:
    plain = {ROWS: "def rows():\n    return f\"{'a'}-{1}\" + 'b' + str(dict(a=1))\n"}
    other = {
        ROWS: 'def rows():\n    return (f\'{"a"}-{1}\'\n        + "b"\n        + str(dict(\n            a=1,\n)))\n'
    }
    assert digest(build(plain)) == digest(build(other))


@pytest.mark.parametrize(
    "changed",
    [
        edited(ROWS, "LIMIT = 3", "LIMIT = 4"),
        edited(ROWS, "LIMIT = 3", "LIMIT = '3'"),
        edited(ROWS, "LIMIT = 3", "LIMIT = 3.0"),
        edited(ROWS, "[round_half_up(LIMIT)]", "[round_half_up(LIMIT), 1]"),
        edited("batchscope/numbers.py", "0.5", "0.4"),
        edited("scripts/make.py", "    rows()", "    rows\n"),
    ],
    ids=["number", "text for a number", "float for a number", "expression", "import in a function", "script"],
)
def test_logic_changes_it(build, changed: dict[str, str]) -> None:
    assert digest(build(changed)) != digest(build())


def test_a_moved_module_changes_it(build) -> None:
    moved = {
        **edited("scripts/make.py", "batchscope.tables import rows", "batchscope.lists import rows"),
        "batchscope/lists/rows.py": HOUSE[ROWS],
    }
    assert digest(build(moved)) != digest(build())


def test_imports_in_functions_are_followed(build) -> None:
    assert reached(["scripts.make"], root=build()) == [
        "batchscope.numbers",
        "batchscope.tables.rows",
        "scripts.make",
    ]


def test_relative_imports_are_followed(build) -> None:
    root = build(
        {
            ROWS: "from . import cells\nfrom .. import numbers\nfrom ..unused import X\n",
            "batchscope/tables/cells.py": "",
        }
    )
    found = reached(["batchscope.tables.rows"], root=root)
    assert found == [
        "batchscope.numbers",
        "batchscope.tables.cells",
        "batchscope.tables.rows",
        "batchscope.unused",
    ]


def test_a_module_that_is_started_by_its_name_is_followed(build) -> None:
    started = {ROWS: "COMMAND = ['python', '-m', 'batchscope.unused']\n"}
    assert "batchscope.unused" in reached(["scripts.make"], root=build(started))
    sentence = {ROWS: "TEXT = 'see batchscope.unused'\n"}
    assert "batchscope.unused" not in reached(["scripts.make"], root=build(sentence))


def test_of_a_package_that_is_started_its_main_is_followed(build) -> None:
    started = {
        ROWS: "COMMAND = ['python', '-m', 'batchscope.worker']\n",
        "batchscope/worker/__main__.py": "from batchscope import unused\n",
    }
    found = reached(["scripts.make"], root=build(started))
    assert {"batchscope.worker.__main__", "batchscope.unused"} <= set(found)
    other = {**started, "batchscope/worker/__main__.py": "from batchscope import unused\n\nunused.X += 1\n"}
    assert digest(build(other)) != digest(build(started))


def test_a_file_of_data_beside_a_module_that_names_it_counts(build) -> None:
    named = {ROWS: "RULES = 'rules.yaml'\n"}
    one, other = (build(named, {"batchscope/tables/rules.yaml": content}) for content in (b"a: 1", b"a: 2"))
    assert digest(one) != digest(other)
    unnamed = [build(None, {"batchscope/tables/rules.yaml": content}) for content in (b"a: 1", b"a: 2")]
    assert digest(unnamed[0]) == digest(unnamed[1])


def test_what_is_left_out_is_not_followed(build) -> None:
    root = build()
    assert reached(["scripts.make"], ["batchscope.tables"], root) == ["scripts.make"]
    changed = build(edited("batchscope/numbers.py", "0.5", "0.4"))
    for without in (["batchscope.numbers"], ["batchscope.tables"]):
        assert digest(root, without=without) == digest(changed, without=without)
    assert digest(root, without=["batchscope.number"]) != digest(changed, without=["batchscope.number"])


def test_two_entries_are_all_that_either_imports(build) -> None:
    root = build()
    both = reached(["scripts.make", "batchscope.unused"], root=root)
    assert both == sorted([*reached(["scripts.make"], root=root), "batchscope.unused"])
    entries = ["batchscope.unused", "scripts.make"]
    assert digest_of(entries, root=root) == digest_of(entries[::-1], root=root) != digest(root)


@pytest.mark.parametrize("entry", ["scripts.mak", "batchscope.tables.row", "nothing"])
def test_an_entry_that_is_no_module_is_refused(build, entry: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"{entry} is no module below"):
        digest_of([entry], root=build())


def test_a_digest_is_short(build) -> None:
    found = digest(build())
    assert len(found) == 16
    assert int(found, 16) >= 0
