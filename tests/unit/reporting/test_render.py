"""Tables and pages of studies, and the summary."""

import shutil

import pandas as pd
import pytest
from support.analysis_helpers import H200, HERMES, frame, make_run
from support.project import ROOT

from batchscope.config.studies import Plot, Study
from batchscope.reporting.provenance import comparability
from batchscope.reporting.render import page_html, page_markdown, summary_html, summary_markdown
from batchscope.reports.study.page import study_page
from batchscope.reports.summary.page import sweep
from batchscope.workflow.code_digest import digest_of

CACHED = "512 prompt tokens came from the prefix cache, 0 expected"


def test_golden_markdown(tmp_path):
    gpu = {"model": HERMES, "model_name": "hermes-8b", "gpu": H200, "args": {}}
    runs = frame(
        make_run(tmp_path, layout="packed", n=40, seconds=(0.5, 0.45, 0.55), prompt_tokens=11_220, **gpu),
        make_run(tmp_path, layout="separate", n=40, seconds=(0.25, 0.22, 0.24), prompt_tokens=12_114, **gpu),
        make_run(
            tmp_path,
            layout="packed",
            n=4,
            seconds=(0.1, 0.1, 0.1),
            prompt_tokens=1_010,
            invalid=[
                {
                    "code": "cached_tokens",
                    "detail": CACHED,
                }
            ],
            **gpu,
        ),
        make_run(
            tmp_path,
            layout="separate",
            n=4,
            seconds=(),
            prompt_tokens=1_076,
            status="oom",
            message="tried 2 GiB",
            **gpu,
        ),
    )
    page = study_page("packing", Study(question="Pack or not?"), runs)
    text = page_markdown(page)
    for line in (
        "- Separate prompts (n=40) are 2.11 times as fast as packed prompts (n=40) (95 % interval 1.4 to 3.3 "
        "times as fast, with a spread of 47 % from start to start; one engine start, 3 repeats each; published on "
        "one H800: 1.8x).",
        "- Left out: packed prompts (n=4), invalid: cached_tokens.",
        "- Left out: separate prompts (n=4), out of memory.",
        "Measured on: NVIDIA H200 (140 GiB, driver 580.95.05), vLLM 0.32.0, torch 2.13.0+cpu, 2026-03-02.  ",
        "Model: hermes-8b (NousResearch/Hermes-3-Llama-3.1-8B), random weights: its labels say nothing.  ",
        "Published on one H800 with NousResearch/Hermes-3-Llama-3.1-8B: absolute numbers do not compare, "
        "ratios between runs do.",
        f"- Not counted: packed prompts (n=4). cached_tokens: {CACHED}.",
        "- Not counted: separate prompts (n=4). out of memory: tried 2 GiB.",
    ):
        assert line in text.splitlines()
    assert cells(text) == [
        "layout|n|texts|status|requests/s|total tokens/s|output tokens/s|texts/s|accuracy (%)|repeats|total prompt tokens"
        "|total output tokens|requests/s (H800 published)|total tokens/s (H800 published)"
        "|output tokens/s (H800 published)|same prompts|measured / published",
        "packed|40|40||2.01|22,596|80|80 (63 to 103)|n/a (random weights)|3|11,220|40|1.02|11,443.23|40.65|✓|2.0x",
        "separate|40|40||169|51,427|169|169 (144 to 199)|n/a (random weights)|3|12,114|40"
        "|73.27|22,262.43|73.27|✓|2.3x",
        "packed|4|4|invalid: cached_tokens|~~10.00~~|~~10,140.00~~|~~40.00~~|~~40.00 (40.00 to 40.00)~~"
        "|n/a (random weights)|3|1,010|4|||||",
        "separate|4|4|out of memory||||||0|1,076|4|||||",
    ]


def cells(markdown):
    """Rows of the page's table without padding."""
    rows = [line for line in markdown.splitlines() if line.startswith("|") and not line.startswith("|:")]
    return ["|".join(cell.strip() for cell in row.strip("|").split("|")) for row in rows]


def test_runs_that_did_not_get_precise_are_named(tmp_path):
    protocol = {"repeats": 3, "max_repeats": 5, "precision": 0.02, "repeat_budget_s": 120}
    stopped = {"reason": "cap", "half_width": 0.0912}
    wide = make_run(
        tmp_path, study="m", n=4, seconds=(1.0, 1.1, 0.9, 1.1, 1.0), measure=protocol, stopped=stopped
    )
    narrow = make_run(
        tmp_path,
        study="m",
        n=8,
        measure=protocol,
        stopped={"reason": "precision", "half_width": 0.01},
    )
    page = study_page("m", Study(), frame(wide, narrow))
    assert page.notes == [
        "Geometric means of 3 to 5 repeats; in brackets their repeatability on one engine start (95 %): "
        "another start may lie outside.",
        "Not known as precisely as asked for (2 %): packed prompts (n=4), 9.1 %.",
    ]


def test_repeats_that_have_not_settled_are_named(tmp_path):
    runs = frame(
        make_run(tmp_path, study="m", n=4, seconds=(6.9, 6.4, 6.0, 5.4, 5.0, 4.7)),
        make_run(tmp_path, study="m", n=8, seconds=(6.9, 6.4, 6.6, 6.5, 6.7, 6.8)),
    )
    _, line = study_page("m", Study(), runs).notes
    assert line.startswith("Seconds rise or fall from repeat to repeat, so the interval does not hold")
    assert line.endswith(": packed prompts (n=4).")


@pytest.mark.parametrize(
    ("status", "words"), [("oom", "out of memory"), ("died", "engine died"), ("timeout", "timed out")]
)
def test_runs_that_did_not_end_show_why_and_what_the_log_said_last(tmp_path, status, words):
    log = ["first line", *(f"line {number}" for number in range(30)), "RuntimeError: <b>bad</b>"]
    failed = make_run(
        tmp_path, study="m", n=8, seconds=(), status=status, message="it broke", more={"log_tail": log}
    )
    runs = frame(make_run(tmp_path, study="m", n=4, more={"log_tail": ["fine"]}), failed)
    page = study_page("m", Study(), runs)
    assert f"Left out: packed prompts (n=8), {words}." in page.findings
    assert f"Not counted: packed prompts (n=8). {words}: it broke." in page.notes
    text, html = page_markdown(page), page_html(page)
    assert text.endswith(
        "Log of packed prompts (n=8), its last lines:\n\n    line 28\n    line 29\n    RuntimeError: <b>bad</b>\n"
    )
    assert html.count("<details>") == 1
    assert "line 11\nline 12" in html
    assert "first line" not in html
    assert "RuntimeError: &lt;b&gt;bad&lt;/b&gt;" in html


def test_the_summary_says_how_much_of_the_sweep_was_timed(tmp_path):
    jobs = [
        make_run(tmp_path, n=4, seconds=(2.0, 2.0), more={"sweep": {"seconds": 30.0}}),
        make_run(tmp_path, n=8, seconds=(3.0, 3.0), more={"sweep": {"seconds": 10.0}}, reused=True),
    ]
    line = "Sweep: 2 runs with 1 engine start; 10 s timed of 40 s that the jobs took, a sweep efficiency of 25 %."
    assert sweep(frame(*jobs)) == line
    assert summary_markdown("T", [], line).startswith(f"# T\n\n{line}\n")
    assert line in summary_html("T", [], line)
    assert summary_markdown("T", [], "a", "b") == "# T\n\na\n\nb\n"
    unfit = make_run(tmp_path, n=16, seconds=(), status="unfit", more={"sweep": {"seconds": 2.0}})
    assert sweep(frame(*jobs, unfit)) == line, "it asked for no engine"
    assert sweep(frame(*jobs, make_run(tmp_path, n=12))) is None, "one job did not say how long it took"


@pytest.mark.parametrize(
    ("gpu", "ending"),
    [
        (H200, "absolute numbers do not compare, ratios between runs do."),
        ({"name": "NVIDIA H800"}, "the same hardware and model."),
    ],
)
def test_how_far_published_figures_compare(tmp_path, gpu, ending):
    (line,) = comparability(frame(make_run(tmp_path, n=40, prompt_tokens=11_220, model=HERMES, gpu=gpu)))
    assert line.endswith(ending)


def test_published_figures_stand_beside_their_own_model_alone(tmp_path):
    """Not beside a demo on a processor, whose runs are named as theirs are."""
    runs = frame(
        *(
            make_run(tmp_path, n=40, layout=layout, seconds=(1.0, 1.01, 0.99))
            for layout in ("packed", "separate")
        )
    )
    page = study_page("packing", Study(), runs)
    assert {group for group, _ in page.table.columns} == {"", "measured"}
    assert not any("ublished" in line for line in (*page.context, *page.findings, *page.notes))


def test_studies_without_published_rows_have_no_such_columns(tmp_path):
    page = study_page("mine", Study(), frame(make_run(tmp_path, study="mine")))
    assert {group for group, _ in page.table.columns} == {"", "measured"}
    assert not any("Published" in line for line in page.context)


def test_html_escapes_and_strikes(tmp_path):
    runs = frame(
        make_run(tmp_path, study="m", invalid=[{"code": "c", "detail": "<script>alert(1)</script> | x"}])
    )
    page = study_page("m", Study(question="a < b?"), runs)
    html = page_html(page)
    assert "a &lt; b?" in html
    assert "<script" not in html
    assert html.count("<del>") == 4
    assert "http" not in html  # needs nothing from elsewhere
    assert "\\| x" in page_markdown(page)


def test_html_shows_the_interval_under_the_mean(tmp_path):
    page = study_page("m", Study(), frame(make_run(tmp_path, study="m", n=40, seconds=(2.0, 1.0, 4.0))))
    assert '20 <span class="spread">(4 to 112)</span>' in page_html(page)


def test_summary_has_every_study(tmp_path):
    runs = frame(make_run(tmp_path, study="one"))
    pages = [study_page("one", Study(question="Q1?"), runs), study_page("two", Study(), pd.DataFrame())]
    text = summary_markdown("T", pages)
    assert text.startswith("# T\n\n## one\n\n*Q1?*\n\n- No comparison")
    assert "## two\n\n- No answer: there is no run." in text
    assert "<h2>two</h2>" in summary_html("T", pages)
    assert page_html(pages[1])
    assert page_markdown(pages[1])


def test_reuse_shows_what_the_cache_served_and_what_it_must(tmp_path):
    runs = frame(
        *(
            make_run(
                tmp_path,
                study="reuse",
                n=40,
                duplicates=10,
                suffix=f"-reuse-{reuse}",
                workload={"reuse": reuse},
                args={"enable_prefix_caching": reuse != "none"},
                repeat={"cached_tokens": cached},
                more={"expected_cached_tokens": cached},
            )
            for reuse, cached in (("none", 0), ("full", 900))
        )
    )
    page = study_page("reuse", Study(plot=Plot(x="reuse")), runs)
    headings = [name for _, name in page.table.columns]
    assert "enable_prefix_caching" not in headings, "it follows reuse"
    places = headings.index("cached prompt tokens"), headings.index("cached, in theory")
    assert [[row[place] for place in places] for row in page.table.rows] == [["0", "0"], ["900", "900"]]


TEMPLATES = sorted((ROOT / "batchscope/reporting/templates").iterdir())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_changed_template_makes_pages_stale(tmp_path, template):
    shutil.copytree(
        ROOT / "batchscope", tmp_path / "batchscope", ignore=shutil.ignore_patterns("__pycache__")
    )
    before = digest_of(["batchscope.reporting.render"], root=tmp_path)
    assert before == digest_of(["batchscope.reporting.render"])
    # another root: what was read of the first one is kept for as long as the process lives
    shutil.copytree(tmp_path / "batchscope", tmp_path / "changed/batchscope")
    changed = tmp_path / "changed" / template.relative_to(ROOT)
    changed.write_text(changed.read_text() + "\n")
    assert digest_of(["batchscope.reporting.render"], root=tmp_path / "changed") != before
