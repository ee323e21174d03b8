"""CUDA_VISIBLE_DEVICES is read here as PyTorch reads it, which vLLM asks how many GPUs there are."""

import json
import subprocess

import pytest
from support.nvml_answers import GPU_A, GPU_B
from support.project import ROOT

from batchscope.common.visible_gpus import Gpu, visible

pytestmark = pytest.mark.engine

GPUS = [Gpu(0, GPU_A), Gpu(1, GPU_B), Gpu(2, "GPU-aaaa0000-0000-0000-0000-000000000000")]
SETTINGS = [
    "", "0", "2,1", "0,2,-1,1", "1,1", " 1 , 0", "1gpu2,2ampere", "NoDevFiles", "-1", "0,,1", "+1,-0", "1x", "none",
    GPU_A, f"{GPU_B},{GPU_A}", f"{GPU_B}, {GPU_A}", "GPU-8", "GPU-8932", "GPU-8932,0", f"GPU-8932,{GPU_A}",
    "GPU-8a,GPU-ffff,GPU-aaaa", f"{GPU_A},{GPU_A}", "0,GPU-8a",
]  # fmt: skip
ASKED = """
import json, os, sys
from torch.cuda import _parse_visible_devices as parse, _transform_uuid_to_ordinals as ordinals
settings, uuids = json.load(sys.stdin)
found = []
for os.environ["CUDA_VISIBLE_DEVICES"] in settings:
    names = parse()
    found.append(ordinals(names, uuids) if names and isinstance(names[0], str) else names)
json.dump(found, sys.stdout)
"""


def test_lists_are_read_as_pytorch_reads_them() -> None:
    asked = subprocess.run(
        [ROOT / ".engines" / "cpu" / "bin" / "python", "-c", ASKED],
        input=json.dumps([SETTINGS, [gpu.uuid for gpu in GPUS]]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected = dict(zip(SETTINGS, json.loads(asked.stdout), strict=True))
    assert {setting: [gpu.number for gpu in visible(setting, GPUS)] for setting in SETTINGS} == expected
