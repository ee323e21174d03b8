"""The page as HTML: what stands where, and what no page may hold."""

import re
from html import unescape

import pytest
from support.verdicts import planted

from batchscope.reports.one_page.charts import charts
from batchscope.reports.one_page.render import Content, page_html
from batchscope.reports.one_page.study_sections import anchors

IDS = ["packing/packed-n4", "packing/separate-n1", "packing/packed-n8"]

QUESTIONS = {"packing": "How many texts share a prompt?", "again": "And once more?"}


def page(verdict: dict) -> str:
    links = anchors(verdict, ["packing"])
    drawn = charts("chart", verdict["settings"], {})
    return page_html(Content(verdict, links, QUESTIONS, drawn, [], [], [], ["Measured on: a GPU."], None))


def words(html: str) -> str:
    body = html.partition("<body>")[2].partition("<script>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_answer_comes_with_all_that_it_rests_on():
    text = words(page(planted(IDS)))
    for said in ("Use 4 texts in one prompt", "NVIDIA H100 80GB HBM3", "95 tokens", "Not settled",
                 "Rests on one engine start on one GPU", "1.90 times compared with vLLM's defaults: 1.80 to 2.00", "Limited by Compute",
                 "surely at most 0.4 points behind the reference run; allowed: 1", "Label the whole pile"):  # fmt: skip
        assert said in text, said
    assert "toy model" not in text


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (0.012, "surely at most 1.2 points behind the reference run"),
        (0.0, "surely no less right than the reference run"),
        (-0.003, "surely no less right than the reference run"),
        (None, ""),
    ],
)
def test_how_far_behind_the_reference_run(lost, said):
    verdict = planted(IDS)
    verdict["offline"]["right"]["most_lost"] = lost
    text = words(page(verdict))
    assert said in text
    assert ("reference run" in text) == bool(said)


def test_a_demo_says_so_first():
    assert words(page(planted(IDS, demo=True))).startswith("A toy model on a CPU: shows how a report looks")


def test_where_nothing_is_recommended_the_fastest_is_named_as_that():
    verdict = planted(IDS, labels=False, best=None)
    slow = verdict["settings"][0]
    verdict["offline"]["fastest"] = {"run": slow["id"], "words": slow["words"], "speed": slow["speed"]}
    html = page(verdict)
    text = words(html)
    assert "No setting to recommend yet" in text
    assert "Fastest, by speed alone" in text
    assert "No claim" in text
    assert f'<option value="{slow["id"]}"' in html
    assert "recommended</option>" not in html
    assert "What to copy" not in text


def test_where_labels_mean_nothing_the_page_says_so_in_their_place():
    verdict = planted(IDS, best=None, labels=False)
    slow = verdict["settings"][0]
    verdict["offline"] |= {
        "fastest": {"run": slow["id"], "words": slow["words"], "speed": slow["speed"]},
        "sentence": "Nothing is recommended: the weights are random. By speed alone, it is.",
    }
    assert "How right Not known The weights are random." in words(page(verdict))


def test_the_default_itself_is_said_to_be_it():
    verdict = planted(IDS)
    verdict["offline"] |= {"default": "vLLM's defaults (1 text per prompt)", "gains": []}
    text = words(page(verdict))
    assert "Against the default The same It is vLLM's defaults (1 text per prompt) itself." in text


def test_where_else_a_setting_was_measured_is_told_by_questions_that_lead_there():
    verdict = planted([*IDS, "again/packed-n8"])
    also = {"run": "again/packed-n8", "study": "again", "words": "700 texts/s on 400 texts"}
    verdict["settings"][2]["also"] = [also]
    verdict["settings"][3]["same_as"] = verdict["settings"][2]["id"]
    html = page(verdict)
    assert "Also measured in 1 further run again: And once more? 700 texts/s on 400 texts" in words(html)
    assert '<a href="#run-again-packed-n8">again: And once more?</a>' in html
    assert '<option value="again/packed-n8"' not in html, "a setting is offered once"
    assert '<option value="packing/packed-n8"' in html


def test_settings_are_offered_under_the_questions_that_they_were_measured_for():
    html = page(planted([*IDS, "again/packed-n40", "mine/packed-n2"]))
    offered = re.findall(r'<optgroup label="([^"]*)">(.*?)</optgroup>', html, re.DOTALL)
    assert [(label, group.count("<option")) for label, group in offered] == [
        ("packing: How many texts share a prompt?", 3), ("again: And once more?", 1), ("mine", 1)
    ]  # fmt: skip


def test_what_could_be_wrong_and_longer_texts_are_in_sight():
    text = words(page(planted(IDS)))
    assert "What could make this wrong" in text
    assert "longer ones, take longer about in proportion" in text


def test_a_server_has_an_answer_of_its_own():
    verdict = planted(IDS)
    verdict["server"] = {**verdict["offline"], "words": "100 requests/s", "sentence": "It keeps up."}
    text = words(page(verdict))
    assert "Server: 100 requests/s It keeps up." in text
    assert "What to copy, for the server" in text


def test_a_price_is_told_with_the_hours():
    verdict = planted(IDS)
    verdict["offline"]["per_million"] |= {"price_per_gpu_hour": 2.5, "money": 1.24}
    assert "1.24 at 2.50 a GPU hour" in words(page(verdict))


@pytest.mark.parametrize(
    "evil", ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a & b \"c\" 'd'"]
)
def test_words_of_a_user_are_no_html(evil):
    verdict = planted(IDS)
    verdict["title"] = verdict["model"]["name"] = evil
    verdict["offline"]["copy"]["prompt"] = verdict["settings"][0]["words"] = evil
    html = page(verdict)
    assert evil not in html
    assert html.count("<script>") == 1


def test_nothing_is_fetched():
    html = page(planted(IDS))
    assert "default-src 'none'" in html
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", html)
    assert "@import" not in html
    assert "url(" not in html.partition("</style>")[0]
