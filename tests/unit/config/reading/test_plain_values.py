"""What JSON cannot say, and what nobody writes, is refused by its key."""

import datetime
import math
from typing import Any

import pytest

from batchscope.common.errors import UserError
from batchscope.config.reading.plain_values import check_plain

ITSELF: list[Any] = []
ITSELF.append(ITSELF)
ITSELF_BY_NAME: dict[str, Any] = {}
ITSELF_BY_NAME["again"] = ITSELF_BY_NAME


def doubled(times: int) -> Any:
    value: Any = {"x": 1}
    for _ in range(times):
        value = {"a": value, "b": value}
    return value


WRONG: list[tuple[dict[Any, Any], str]] = [
    ({"a": {"rate": [1, math.inf]}}, "a.rate.1: inf is no number here; write null for no limit"),
    ({"a": -math.inf}, "a: -inf is no number"),
    ({"a": math.nan}, "a: nan is no number"),
    ({"a": 10**400}, "a: is a number of more than 64 bits"),
    ({"a": -(2**64)}, "a: is a number of more than 64 bits"),
    ({"a": datetime.date(2026, 11, 28)}, "a: 2026-11-28 is read as a date; put it into quotes"),
    ({"a": datetime.datetime(2026, 11, 28, 9)}, "a: 2026-11-28 09:00:00 is read as a date"),
    ({"a": b"x"}, "a: b'x' is of a kind that JSON has not"),
    ({"a": {1}}, "a: {1} is of a kind that JSON has not"),
    ({"studies": {2024: {}}}, "studies: the key 2024 is no text; put it into quotes"),
    ({"studies": {True: {}}}, "studies: the key true is no text"),
    ({None: 1}, "the configuration: the key None is no text"),
    ({10**5000: 1}, "the configuration: the key with a number of more than 64 bits is no text"),
    ({"a": {"x" * 400: 1}}, "has 400 characters; no key is so long"),
    ({"a": {"x\x07": 1}}, "a: the key 'x\\x07' holds a control character"),
    ({"title": "a\x1b[2J"}, "title: holds the control character '\\x1b'; take it out"),
    ({"title": "a\0"}, "title: holds '\\x00', which is no character of a text"),
    ({"prompts": {"separator": "\0"}}, "prompts.separator: holds '\\x00'"),
    ({"title": "\ud800"}, "title: holds '\\ud800', which is no character"),
    ({"a": ITSELF}, "more than 40 levels deep, or an alias that stands for itself"),
    ({"a": ITSELF_BY_NAME}, "more than 40 levels deep, or an alias that stands for itself"),
    ({"a": doubled(30)}, "here the configuration has more than 100,000 values"),
    ({"title": "x" * 3_000_000}, "here the configuration has more than 2,000,000 characters"),
]


@pytest.mark.parametrize(("values", "words"), WRONG, ids=[words[:30] for _, words in WRONG])
def test_what_json_cannot_say_is_refused(values: dict[Any, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        check_plain(values)
    said = str(error.value)
    assert said.startswith("the configuration is wrong:\n  ")
    assert words in said
    assert len(said) < 300


def test_problems_come_in_the_order_of_the_file_and_not_by_the_thousand() -> None:
    with pytest.raises(UserError) as error:
        check_plain({"a": {"z": math.inf, "b": math.nan}, "c": [math.inf] * 5000})
    lines = str(error.value).splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:4]] == ["a.z", "a.b", "c.0"]
    assert len(lines) == 11


def test_a_wording_may_have_any_character_that_is_one() -> None:
    check_plain({"prompts": {"separator": "\x1f", "packed": "\t{texts}\r\n"}, "title": "电影 🎬 \u202e\n"})
    check_plain({"a": [1, -2.5, True, None, "", [], {}], "b": 2**63 - 1})
