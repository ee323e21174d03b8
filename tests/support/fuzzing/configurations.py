"""Strategies for configurations: some right, most of them wrong in one or two places."""

import datetime
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from batchscope.config.configuration import Config
from batchscope.studies.axes import AXES, SERVING_AXES

Values = dict[str, Any]

NAMES = st.one_of(
    st.sampled_from(
        [
            *(
                "a",
                "A",
                "x.a",
                "a.",
                "packing",
                "Packing",
                "packng",
                "profiles_steps",
                "labels_confusion",
                "runs",
                "Runs",
            ),
            *(
                "summary",
                "serving_x",
                "Serving_x",
                "all",
                "plan",
                "con",
                "aux.x",
                "a b",
                "a/b",
                "..",
                ".",
                "",
                "~",
                "-x",
            ),
            *(
                "größe",
                "电影",
                "🎬",
                "$HOME",
                "100%",
                "{x}",
                "'x'",
                '"x"',
                "`id`",
                "a\nb",
                "a\0b",
                "\x1b[31m",
                "x" * 60,
            ),
            *("x" * 61, "x" * 300, "true", "null", "1", "demo", "cpu", "cuda", "mine", "a_b", "a-b", "a--b"),
        ]
    ),
    st.text(alphabet="abAB.-_ é", min_size=1, max_size=6),
    st.text(max_size=8),
)

NUMBERS = st.one_of(
    st.sampled_from(
        [0, 1, 2, 3, 4, 4.0, 5, 8, 40, -1, 2.5, 1e-9, 1e20, float("inf"), float("-inf"), float("nan")]
    ),
    st.sampled_from([10**7, 10**8, 10**18, 2**63, 10**400, -(10**30)]),
    st.integers(-10, 10_000),
    st.floats(),
)

WORDS = st.one_of(
    st.sampled_from(
        [
            *(
                "packed",
                "separate",
                "none",
                "text",
                "full",
                "first",
                "last",
                "free",
                "labels",
                "codes",
                "json",
                "head",
            ),
            *(
                "tail",
                "both",
                "cpu",
                "cuda",
                "demo",
                "mine",
                "auto",
                "float32",
                "fp8",
                "FP8",
                "true",
                "",
                "é",
                "è",
                "a/b",
            ),
            *(
                "{texts} ?",
                "{text} ?",
                "{texts}",
                "{text}{text}",
                "text_label",
                "tab",
                "utf-8",
                "utf-16",
                "rot13",
            ),
            *(
                "http://[::1/x",
                "https://x:99999999/a",
                "https:///x",
                "file:///etc/passwd",
                "../../x",
                "~",
                "~nobody/x",
            ),
            *(
                "owner/name",
                "owner//name",
                "a/b/c",
                "../x",
                "-x/y",
                "x" * 5_000,
                "x\0",
                "\ud800",
                "\x1b[2J",
                "\r",
                "中文",
            ),
            *("saturation/packed-n4", "a/b/c", "2026-02-30", "{x}", "$(id)", "%s", "\u202e", ".", "a.b"),
        ]
    ),
    st.text(max_size=10),
)


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def _bomb(size: int) -> Any:
    """What aliases in YAML become: few objects that stand for 2 ** size values."""
    value: Any = {"x": 1}
    for _ in range(size):
        value = {"a": value, "b": value}
    return value


def _itself() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


ODD = st.one_of(
    # copies, for a later mistake may be put inside of one, and the next example would find it there
    st.sampled_from(
        [
            datetime.date(2026, 11, 28),
            datetime.datetime(2026, 11, 28, 12),
            b"bytes",
            {1, 2},
            (1, 2),
            {},
            [],
            {1: 2},
            {None: 1},
            {True: 1},
            {"a\x07": 1},
        ]
    ).map(deepcopy),
    st.builds(_nested, st.integers(30, 5_000)),
    st.builds(_bomb, st.integers(2, 40)),
    st.builds(_itself),
)

SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS)

JUNK = st.one_of(SCALARS, ODD, st.lists(SCALARS, max_size=3), st.dictionaries(WORDS, SCALARS, max_size=3))

KEYS = st.one_of(
    st.sampled_from([*AXES, *SERVING_AXES]),
    st.sampled_from(["n", "layout", "texts", "duplicates", "reuse"]),
    st.sampled_from(
        [
            *(
                "engine.extra.enable_x",
                "engine.extra.x",
                "engine.extra.a.b",
                "engine.extra.a",
                "engine.variables.X",
            ),
            *(
                "engine.variables.VLLM_X",
                "engine.variables.A-B",
                "engine.extra.",
                "engine.",
                "decoding",
                "model",
                "N",
            ),
            *("engine.extra.load_format", "engine.args.seed", "x" * 400, "n\0", "nn", "engine.extra.é"),
        ]
    ),
)


GOOD_NAMES = st.sampled_from(
    [
        *(
            "a",
            "A",
            "x.a",
            "a.b.c",
            "packing",
            "reuse",
            "profiles_steps",
            "labels_confusion",
            "runs",
            "Runs",
            "data",
        ),
        *(
            "Packing",
            "serving_x",
            "all",
            "plan",
            "x" * 60,
            "true",
            "1",
            "demo",
            "cpu",
            "mine",
            "a_b",
            "a-b",
            "a--b",
            "null",
        ),
    ]
)

GOOD: dict[str, st.SearchStrategy[Any]] = {
    "n": st.sampled_from([2, 3, 4, 4.0, 40]),
    "layout": st.sampled_from(["packed", "separate"]),
    "texts": st.sampled_from([40, 80, 160]),
    "duplicates": st.sampled_from([1, 2, 3]),
    "reuse": st.sampled_from(["none", "full"]),
    "answer": st.sampled_from(["free", "labels", "codes", "json"]),
    "instruction": st.sampled_from(["first", "last"]),
    "cut": st.sampled_from(["head", "tail", "both"]),
    "text_tokens": st.sampled_from([None, 16, 32]),
    "engine.max_num_seqs": st.sampled_from([None, 1, 16, 256]),
    "engine.quantization": st.text(alphabet="aAb./ _é", max_size=5),
    "engine.attention_backend": st.sampled_from(["A", "a", "A B/../c", "é", "è", "x.", "x", "x.."]),
    "engine.kv_cache_dtype": st.sampled_from([None, "auto", "default", "f" * 200, "F" * 200]),
    "engine.extra.enable_x": st.sampled_from([True, 1, "1", "True", 1.0, None, "default"]),
    "engine.extra.x": st.sampled_from([True, 1, 1e20, 1e-9, "1", "x" * 90]),
    "engine.extra.a.b": st.sampled_from([1, 2, None]),
    "engine.variables.VLLM_X": st.sampled_from([True, 1, "1", None, "a b"]),
    "engine.variables.x": st.sampled_from([0, "0", False]),
}
GOOD_OFFLINE = {"measure.repeats": st.sampled_from([3, 4]), "measure.timeout_s": st.sampled_from([60, 600])}
GOOD_LOADS = {
    "load.max_concurrency": st.sampled_from([1, 8, None]),
    "load.request_rate": st.sampled_from([0.5, 1, 1.0, 100, None]),
}
"""Values that each key may have, among them those whose runs would have one name, or names that look alike."""


@st.composite
def points(draw: st.DrawFn, good: dict[str, st.SearchStrategy[Any]], most: int = 3) -> Values:
    keys = draw(st.lists(st.sampled_from(sorted(good)), max_size=most, unique=True))
    return {key: draw(good[key]) for key in keys}


@st.composite
def studies(draw: st.DrawFn, more: dict[str, st.SearchStrategy[Any]]) -> Values:
    """A study without mistakes, as long as its values fit together."""
    good = GOOD | more
    axes = draw(st.lists(st.sampled_from(sorted(good)), min_size=1, max_size=3, unique=True))
    by_type = {"unique_by": lambda value: (str(type(value)), value)}
    return {
        "set": {"texts": 160} | draw(points(good, 1)),
        "grid": {axis: draw(st.lists(good[axis], min_size=1, max_size=4, **by_type)) for axis in axes},
        "include": draw(st.lists(points(good), max_size=2)),
    }


@st.composite
def right(draw: st.DrawFn) -> Values:
    """The default with other studies, models and environments, of any name that can be one."""
    values = deepcopy(DEFAULT)
    values["studies"] = dict.fromkeys(draw(st.lists(st.sampled_from(sorted(DEFAULT["studies"])), max_size=2)))
    values["studies"] |= {
        name: draw(studies(GOOD_OFFLINE)) for name in draw(st.lists(GOOD_NAMES, max_size=3))
    }
    values["studies"]["mine"] = {"grid": {"n": [4, 40]}}
    served = draw(st.lists(GOOD_NAMES, max_size=2))
    values["serving"]["studies"] = {name: draw(studies(GOOD_LOADS)) for name in served}
    for name in draw(st.lists(GOOD_NAMES, max_size=2)):
        values["models"][name] = {"source": "demo"}
        values["studies"]["mine"]["grid"]["engine.model"] = ["demo", name]
    for name in draw(st.lists(GOOD_NAMES, max_size=2)):
        values["environments"][name] = {"python": "workflow", "device": "cpu"}
    return values


BAD_STUDIES = st.sampled_from(
    [
        {"grid": {key: list(range(1, 101)) for key in ("n", "texts", "duplicates", "text_tokens")}},
        {"set": {"duplicates": 10_000_000}, "grid": {"n": [4]}},
        {"set": {"texts": 4_000, "duplicates": 9_999}, "grid": {"n": [4]}},
        {"set": {"engine.extra.x": "x" * 200_000}, "grid": {"n": [4]}},
        {"grid": {"n": [4]}, "plot": {"x": "nn"}},
        {"grid": {"n": [4], "decoding": ["free"], "answer": ["labels"]}},
        {"grid": {"engine.model": ["demmo"]}},
        {"set": {"n": 4}},
        {},
        None,
    ]
).map(deepcopy)


@st.composite
def configurations(draw: st.DrawFn) -> Values:
    """A right configuration with up to three mistakes, and none in two of five."""
    values = draw(right())
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 3]))):
        match draw(st.sampled_from(["value", "value", "key", "name", "study"])):
            case "value":
                _put(draw, values, draw(JUNK))
            case "key":
                _block(draw, values)[draw(st.one_of(KEYS, NAMES, st.integers(), st.booleans()))] = draw(JUNK)
            case "name":
                block = draw(st.sampled_from(_blocks_of_names(values) or [{}]))
                block[draw(NAMES)] = draw(st.sampled_from(list(block.values()) or [None]))
            case "study":
                if isinstance(values.get("studies"), dict):
                    values["studies"][draw(st.one_of(GOOD_NAMES, NAMES))] = draw(BAD_STUDIES)
    return values


def _blocks_of_names(values: Values) -> list[Values]:
    """The blocks whose keys are names, as far as an earlier mistake has left them."""
    serving = values.get("serving")
    found = [values.get(key) for key in ("studies", "models", "environments")]
    found.append(serving.get("studies") if isinstance(serving, dict) else None)
    return [block for block in found if isinstance(block, dict)]


def _places(block: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    """Every value of a configuration, as its block or list and its key or place there."""
    keys = block.keys() if isinstance(block, dict) else range(len(block)) if isinstance(block, list) else ()
    found = [(block, key) for key in keys]
    return found + [place for key in keys if depth < 6 for place in _places(block[key], depth + 1)]


def _put(draw: st.DrawFn, values: Values, value: Any) -> None:
    block, key = draw(st.sampled_from(_places(values)[:2_000]))
    block[key] = value


def _block(draw: st.DrawFn, values: Values) -> Any:
    return draw(st.sampled_from([block for block, _ in _places(values)[:2_000] if isinstance(block, dict)]))


DEFAULT = Config().model_dump(mode="json")
