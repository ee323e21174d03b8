"""Names and looks of the curves of a study's figure."""

import pytest
from support.analysis_helpers import make_run

from batchscope.config.studies import Plot
from batchscope.reporting.style import FIXED
from batchscope.reports.study.curves import Curves, curve_styles
from batchscope.results.frames import runs_frame


@pytest.mark.parametrize(
    ("plot", "names"),
    [
        (Plot(x="layout"), ["1 per prompt, n=4", "1 per prompt, n=8", "4 per prompt", "8 per prompt"]),
        (Plot(x="layout", series="n"), ["n=4", "n=8", "n=4", "n=8"]),
        (Plot(x="texts", series="n"), ["1 per prompt, n=4", "1 per prompt, n=8", "4 per prompt", "8 per prompt"]),
        (Plot(x="n", series="n"), ["1 per prompt", "1 per prompt", "4 per prompt", "8 per prompt"]),
    ],
)  # fmt: skip
def test_curves_of_other_axes(tmp_path, plot, names):
    records = [make_run(tmp_path, layout=layout, n=n) for layout in ("separate", "packed") for n in (4, 8)]
    assert Curves(runs_frame(records, []), plot, numeric=plot.x != "layout").names == names


def test_a_value_of_most_runs_goes_without_saying_and_one_of_half_does_not(tmp_path):
    records = [make_run(tmp_path, n=n, texts=80, workload={"answer": "json"}) for n in (4, 8, 40)]
    records += [make_run(tmp_path, n=n, texts=80, suffix="-free") for n in (4, 8)]
    runs = runs_frame(records, [])
    free = ["n per prompt, answer=free"] * 2
    assert Curves(runs, Plot(), numeric=True).names == ["n per prompt"] * 3 + free
    half = ["n per prompt, answer=json"] * 2
    assert Curves(runs[runs["n"] < 40], Plot(), numeric=True).names == half + free


def test_a_layout_alone_looks_as_it_does_everywhere_and_nothing_else_does() -> None:
    names = ["n per prompt", "n per prompt", "40 per prompt, texts=80", "1 per prompt"]
    styles = curve_styles(names, ["packed", "packed", "packed", "separate"])
    looks = {name: (style.color, style.marker) for name, style in styles.items()}
    assert list(looks) == list(dict.fromkeys(names))
    assert looks["n per prompt"] == FIXED["packed"]
    assert looks["1 per prompt"] == FIXED["separate"]
    assert looks["40 per prompt, texts=80"] not in FIXED.values()
    both = curve_styles(["4 per prompt", "8 per prompt"], ["packed", "packed"])
    assert len({(style.color, style.marker) for style in both.values()}) == 2
