"""The page of imported results."""

from support.imported_results import FILES, ours

from batchscope.config.imported import ImportedFile
from batchscope.config.model import ModelAsset
from batchscope.reporting.render import page_html, page_markdown
from batchscope.reports.imported.frame import imported_frame
from batchscope.reports.imported.page import imported_page
from batchscope.results.imported.formats import read_imported


def page_of(names, *runs, **keys):
    files = [
        read_imported(name, ImportedFile(path=str(FILES / file), **keys)) for name, file in names.items()
    ]
    return imported_page(imported_frame(files, ours(*runs), {"demo": ModelAsset(source="demo")}))


ALL = {"a": "vllm_throughput.json", "b": "vllm_serve.json", "c": "guidellm.json", "d": "aiperf.csv"}


def test_a_finding_names_tool_load_and_ratio():
    (finding,) = page_of(
        {"theirs": "vllm_serve.json"},
        {"run": "serving/s/c8", "max_concurrency": 8, "total_token_throughput": 2080.0},
    ).findings
    assert finding == (
        "theirs (vllm bench serve): 15.1 requests/s with 8 under way. Ours that comes closest is serving/s/c8, "
        "20 requests/s with 8 under way: theirs is 0.75x ours."
    )


def test_what_differs_is_said_with_the_ratio():
    run = {"run": "serving/s/c64", "max_concurrency": 64, "total_token_throughput": 6000.0}
    (finding,) = page_of({"theirs": "vllm_serve.json"}, run).findings
    assert finding.endswith(
        "but they differ in requests under way (8 and 64) and tokens a request (104 and 300)."
    )


def test_a_file_that_stands_alone_says_why():
    finding = page_of(ALL).findings[-1]
    assert finding.endswith(
        "Nothing of ours stands beside it: the file names no model; the key 'model' beside its path says which it is."
    )


def test_theirs_is_marked_and_what_it_was_not_asked_is_listed():
    page = page_of(ALL, {"run": "serving/s/c8", "max_concurrency": 8}, {"run": "s/r", "serves": False})
    assert {group for group, _ in page.table.columns} == {
        "",
        "theirs, unchecked",
        "ours, checked",
        "theirs / ours",
    }
    assert "passed none of the checks" in page.context[0]
    latencies, unasked = page.sections
    assert [row[0] for row in latencies.table.rows] == ["b", "c", "c", "d"]
    asked = {row[0]: row[-1] for row in unasked.table.rows}
    assert asked["steps"] == "a, b, c, d"
    assert asked["requests"] == "a"
    assert asked["client"] == "b, c, d"
    for text in (page_html(page), page_markdown(page)):
        assert "GuideLLM 0.8.1" in text
        assert "median TTFT ms" in text


def test_without_a_server_there_are_no_latencies():
    page = page_of({"a": "vllm_throughput.json"}, {"run": "s/r", "serves": False})
    assert [section.heading for section in page.sections] == ["What could not be asked of theirs"]
    assert "TPOT" not in " ".join(page.notes)


def test_a_hostile_name_stays_text():
    name = "<script>alert(1)</script>"
    assert "<script>alert" not in page_html(page_of({name: "vllm_serve.json"}))
