"""The end of a call: the verdict of planted tables, in ten lines."""

from dataclasses import asdict

import pytest
from support.planted import config, evidence, load_points, setting

from batchscope.console.verdict_lines import MOST, WIDTH, verdict_lines
from batchscope.verdict.report import verdict_of

SETTINGS = [setting("separate-n1", 1000), setting("packed-n4", 2000)]


def lines(settings=SETTINGS, **more):
    return verdict_lines(asdict(verdict_of(evidence(settings, **more))))


def test_what_to_use_how_sure_and_how_long():
    found = lines(of=config(price_per_gpu_hour=3.6))
    assert found[0].startswith("Use 4 texts in one prompt: 2,000 texts/s")
    assert found[2].startswith(
        "Rests on: one engine start on one GPU, 3 repeats, 2,000 texts with gold labels."
    )
    assert any(line.endswith("be up to 1.4 % faster or slower.") for line in found[2:4])
    assert "A million texts: 8.3 minutes, 0.50 for GPUs." in found
    assert any(line.startswith("Next: Measure in three engine starts") for line in found)


@pytest.mark.parametrize("settings", [SETTINGS, [each | {"load_format": "dummy"} for each in SETTINGS], [
    each | {"status": "oom", "valid": False} for each in SETTINGS
]])  # fmt: skip
def test_ten_lines_are_enough(settings):
    found = lines(settings, serving={"open_loop": load_points()})
    assert len(found) <= MOST
    assert all(len(line) <= WIDTH for line in found if "snakemake" not in line)
    assert any(line.startswith("Server: The server keeps up with 100 requests/s") for line in found)


def test_what_limits_it_is_told_where_it_is_known():
    slow = [setting("separate-n1", 1000, utilization=0.3), setting("packed-n4", 2000, utilization=0.3)]
    assert any(line.startswith("Limited by: The host") for line in lines(slow))
    assert not any(line.startswith("Limited by") for line in lines()), "without a cost table"
