"""Figures of the verdict in words."""

import pytest
from support.verdicts import planted

from batchscope.reports.one_page.words import (
    by_study,
    engine_of,
    lead_of,
    reason_of,
    setting_in_words,
    show_gain_range,
    show_hours,
    show_money,
    show_percent,
    show_range,
    show_seconds,
    study_words,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 seconds"), (1, "1 second"), (41.2, "41 seconds"), (60, "1 minute"), (1200, "20 minutes"),
     (3600, "1 hour"), (12240, "3.4 hours"), (172799, "48 hours"), (172800, "2 days"), (86400 * 12, "12 days"),
     (86400 * 1234, "1,234 days")],
)  # fmt: skip
def test_durations_have_the_unit_that_people_use(seconds, text):
    assert show_seconds(seconds) == text


def test_a_range_names_its_unit_once():
    assert show_range({"low": 790.1, "high": 834.4}) == "790 to 834"
    assert show_range({"low": 0.5, "high": 0.6}, show_hours) == "30 to 36 minutes"
    assert show_range({"low": 0.5, "high": 1.5}, show_hours) == "30 minutes to 1.5 hours"
    assert show_range({"low": 0.912, "high": 0.9121}, show_percent) == "91.2"
    assert show_range({"low": None, "high": None}) == show_range(None) == ""


def test_the_engine_s_call_is_found_in_a_script():
    script = "import x\n\ndef start():\n    return LLM(\n        model=MODEL,\n        seed=f(0),\n    )\n\nstart()\n"
    assert engine_of(script) == "from vllm import LLM\n\nllm = LLM(\n    model=MODEL,\n    seed=f(0),\n)"
    assert "    model='a/b',\n" in engine_of(f"MODEL = 'a/b'\n{script}")
    said = "# On this machine.\n# With other weights.\n"
    assert f"\n\n{said}llm = LLM(\n    model='a/b',\n" in engine_of(
        f"# Labels texts.\n\n{said}MODEL = 'a/b'\n{script}"
    )
    assert engine_of('llm = LLM(model="a")\n') == 'from vllm import LLM\n\nllm = LLM(model="a")'
    assert engine_of("print()") == "print()"


def test_money_has_decimals_where_they_matter():
    assert [show_money(value) for value in (None, 0.5, 12.345, 1234.5)] == ["", "0.50", "12.35", "1,234"]


def test_a_setting_tells_all_that_is_known():
    (known,) = planted(["packing/packed-n4"], best=None)["settings"]
    known |= {"words": "4 texts in one prompt", "state": "refused", "why": "guesses"}
    known["speed"] |= {"value": 812.0, "low": 790.0, "high": 840.0}
    known["right"] |= {"value": 0.912, "low": 0.89, "high": 0.93}
    assert setting_in_words(known) == (
        "4 texts in one prompt: 812 texts/s (790 to 840), accuracy 91.2 % (89.0 to 93.0); refused: guesses"
    )
    also = {"run": "decoding/packed-n4", "study": "decoding", "words": "800 texts/s on 400 texts"}
    assert setting_in_words({**known, "also": [also]}).endswith(
        "; refused: guesses; measured in 1 further run"
    )
    assert setting_in_words({**known, "also": [also] * 2}).endswith("; measured in 2 further runs")
    unknown = {**known, "speed": None, "right": None, "state": "failed", "why": ""}
    assert setting_in_words(unknown) == "4 texts in one prompt: no speed; failed"


def test_a_study_is_told_with_its_question():
    questions = {"packing": "Is it faster?", "mine": ""}
    assert [study_words(name, questions) for name in ("packing", "mine", "other")] == [
        "packing: Is it faster?", "mine", "other"
    ]  # fmt: skip
    one, two, three = planted(["packing/a", "mine/b", "packing/c"])["settings"]
    assert by_study([one, two, three], questions) == {"packing: Is it faster?": [one, three], "mine": [two]}


def test_the_heading_is_not_said_again():
    none = "Nothing is recommended: the weights are random, so labels mean nothing. By speed alone, 4 come first."
    assert lead_of(none) == (
        "The weights are random, so labels mean nothing.",
        "By speed alone, 4 come first.",
    )
    assert reason_of(none) == "The weights are random, so labels mean nothing."
    assert lead_of("Use 1 text: 8.5 texts/s (8.1 to 9.0). Nothing else was compared.", "1 text") == (
        "8.5 texts/s (8.1 to 9.0).",
        "Nothing else was compared.",
    )
    assert lead_of("Nothing is recommended: nothing was measured.") == ("Nothing was measured.", "")


def test_a_gain_says_whether_it_is_sure():
    gain = {"low": 1.234, "high": 12.3, "conclusive": True, "why": ""}
    assert show_gain_range(gain) == "1.23 to 12"
    unclear = {**gain, "conclusive": False, "why": "one of 14 comparisons may come out so by chance"}
    assert show_gain_range(unclear) == (
        "1.23 to 12, not conclusive, as one of 14 comparisons may come out so by chance"
    )
    assert show_gain_range({**gain, "low": None}) == "with too few steady repeats to tell more"
