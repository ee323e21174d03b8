"""Which run of ours stands beside theirs."""

import pytest
from support.imported_results import ours

from batchscope.config.imported import ImportedFile
from batchscope.config.model import ModelAsset
from batchscope.reports.imported.ours import closest, models_of, tokens_per_request
from batchscope.results.imported.figures import Figures

MODELS = {
    "demo": ModelAsset(source="demo"),
    "hermes": ModelAsset(source="hub", id="NousResearch/Hermes-3-Llama-3.1-8B"),
    "mine": ModelAsset(source="local", path="/models/Tuned"),
}
CLOSED = Figures(
    model="demo", load="concurrent", max_concurrency=10, requests=50, request_throughput=10,
    total_token_throughput=1000,
)  # fmt: skip


def beside(row, *runs, serves=True, **keys):
    file = ImportedFile(path="theirs.json", **keys)
    return closest(ours(*runs), row, file, serves=serves, models=MODELS)


def test_the_nearest_concurrency_is_nearest_as_a_ratio():
    found = beside(
        CLOSED,
        *({"run": f"c{limit}", "max_concurrency": limit} for limit in (1, 4, 64)),
        {"run": "rate", "request_rate": 10},
    )
    assert found.run["run"] == "c4"


def test_of_equal_loads_the_one_with_requests_of_like_length():
    long, short = {"run": "long", "total_token_throughput": 9000.0}, {"run": "short"}
    assert beside(CLOSED, *({**each, "max_concurrency": 8} for each in (long, short))).run["run"] == "short"


def test_a_rate_stands_beside_rates_alone():
    paced = Figures(model="demo", load="poisson", request_rate=40)
    rates = [{"run": f"r{rate}", "request_rate": rate} for rate in (10, 50)]
    assert beside(paced, {"run": "c40", "max_concurrency": 40}, *rates).run["run"] == "r50"
    assert (
        beside(paced, {"run": "c40", "max_concurrency": 40}).why_not
        == "no load point of ours was sent at a rate"
    )
    assert beside(CLOSED, *rates).why_not == "no load point of ours was sent without a rate"


def test_all_at_once_is_as_many_as_there_are_requests():
    at_once = Figures(model="demo", load="all at once", requests=500)
    runs = [{"run": "c64", "max_concurrency": 64, "requests": 640}, {"run": "once", "requests": 400}]
    assert beside(at_once, *runs).run["run"] == "once"


def test_without_a_server_length_alone_decides():
    offline = Figures(model="demo", request_throughput=10, total_token_throughput=1000)
    runs = [
        {"run": "served"},
        {"run": "short", "serves": False},
        {"run": "long", "serves": False, "total_token_throughput": 9e4},
    ]
    assert beside(offline, *runs, serves=False).run["run"] == "short"


@pytest.mark.parametrize(
    ("run", "keys", "says"),
    [
        ({"valid": False}, {}, "no load point of ours counts"),
        ({"reuse": "full"}, {}, "is without reuse"),
        ({"answer": "labels"}, {}, "has free answers"),
        ({"model": "mine"}, {}, "measured demo"),
        ({"layout": "packed", "n": 4}, {}, "has separate prompts"),
        ({}, {"texts_per_request": 4}, "has packed prompts"),
        ({"layout": "packed", "n": 8}, {"texts_per_request": 4}, "has 4 texts in a prompt"),
        ({"serves": False}, {}, "measured demo"),
    ],
)
def test_what_is_not_alike_does_not_stand_beside(run, keys, says):
    found = beside(CLOSED, run, **keys)
    assert found.run is None
    assert says in found.why_not


def test_texts_of_a_request_choose_the_layout():
    packed = {"run": "packed", "layout": "packed", "n": 4}
    assert beside(CLOSED, {"run": "separate"}, packed, texts_per_request=4).run["run"] == "packed"
    assert beside(CLOSED, packed, {"run": "separate"}, texts_per_request=1).run["run"] == "separate"


def test_a_file_that_does_not_say_its_load_or_model_stands_alone():
    assert "how requests came" in beside(Figures(model="demo"), {}).why_not
    assert "names no model; the key 'model'" in beside(Figures(load="concurrent"), {}).why_not
    assert "none of our models is called gpt" in beside(Figures(load="concurrent", model="gpt"), {}).why_not
    assert beside(Figures(load="concurrent", model="gpt"), {"run": "x"}, model="demo").run["run"] == "x"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("demo", ["demo"]),
        ("Hermes-3-Llama-3.1-8B", ["hermes"]),
        ("hermes-3-llama-3.1-8b", ["hermes"]),
        ("tuned", ["mine"]),
        ("mine", ["mine"]),
        ("Hermes", ["hermes"]),
        ("other", []),
        (None, []),
    ],
)
def test_a_model_is_known_by_our_name_its_id_and_its_folder(theirs, ours):
    assert models_of(theirs, ImportedFile(path="x"), MODELS) == ours


def test_tokens_of_a_request_are_not_known_of_a_run_without_figures():
    (run,) = (row for _, row in ours({"request_throughput": None}).iterrows())
    assert tokens_per_request(run) is None
