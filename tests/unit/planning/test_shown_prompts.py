"""One prompt of each layout in the plan."""

import json
from pathlib import Path

from support.studies import runs

from batchscope.planning.shown_prompts import describe_prompts, shown_prompts


def test_the_first_made_set_of_each_layout_is_shown(tmp_path: Path) -> None:
    planned = runs(grid={"n": [4, 8], "layout": ["packed", "separate"]}, set={"texts": 40})
    assert describe_prompts(shown_prompts(planned, tmp_path)).startswith("No prompts are made yet")
    for name, content in (
        ("demo-packed-n8-r40", {"example": "<s>Text: Good.\nLabels:\n"}),
        ("demo-separate-r40", {"prompts": 40}),
    ):
        folder = tmp_path / "prompts" / name
        folder.mkdir(parents=True)
        (folder / "prompts.json").write_text(json.dumps(content))
    shown = shown_prompts(planned, tmp_path)
    assert shown == {"demo-packed-n8-r40": "<s>Text: Good.\nLabels:\n"}
    assert describe_prompts(shown) == (
        "a prompt of demo-packed-n8-r40, control tokens included:\n    <s>Text: Good.\n    Labels:"
    )
