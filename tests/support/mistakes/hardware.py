"""Devices, memory, disks, ports and programs that are not there."""

from support.mistakes.configuration import args, study
from support.mistakes.mistake import PORT, Machine, Mistake, World, mistake
from support.mistakes.models import MINE, folder
from support.nvml_answers import GPU_A, GPU_B, machine

AS_CUDA = {"python": ".engines/cpu/bin/python", "device": "cuda"}
"""Stands for a GPU's environment: what is looked at comes before vLLM."""
ON_GPUS = {"gpus": 2, "environments": {"cuda": AS_CUDA}, "engine": {"environment": "cuda"}}
ON_CPU = {"gpus": 2, "environments": {"cuda": AS_CUDA}, "engine": {"environment": "cpu"}}
SERVED = {"serving": {"studies": {"mine": {"set": {"n": 4}, "grid": {"load.request_rate": [20]}}}}}


def two_gpus(*free: int) -> Machine:
    """Two GPUs of 80 GB with so many GB free."""
    rows = [
        f"{number}, {uuid}, NVIDIA H100 80GB HBM3, 81559, {gigabytes * 1000}, Disabled"
        for number, (uuid, gigabytes) in enumerate(zip((GPU_A, GPU_B), free, strict=True))
    ]
    return Machine(machine(GPU_A, GPU_B), "\n".join(rows))


def on_gpus(**keys: object) -> dict[str, object]:
    """Runs on GPUs, with engine arguments."""
    return {**ON_GPUS, "engine": {"environment": "cuda", "args": keys}}


def seen(setting: str, right: str, says: list[str]) -> Mistake:
    """Values of CUDA_VISIBLE_DEVICES on a machine with two free GPUs."""
    worlds = [
        World(ON_GPUS, machine=two_gpus(80, 80), variables={"CUDA_VISIBLE_DEVICES": each})
        for each in (setting, right)
    ]
    return Mistake(worlds[0], tuple(says), worlds[1])


CASCADE = {
    **ON_GPUS,
    "engine": {
        "environment": "cuda",
        "args": {"extra": {"disable_cascade_attn": False}},
        "variables": {"VLLM_USE_V2_MODEL_RUNNER": "0"},
    },
}

LARGE = {
    "hidden_size": 8192,
    "intermediate_size": 28_672,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "num_hidden_layers": 80,
    "vocab_size": 128_256,
}
"""The shape of Llama-3's larger model."""


def large_on(gpus: int) -> dict[str, object]:
    """An overlay that runs a model of this shape on so many GPUs, with a cache of what they have left."""
    wanted = {"dtype": "bfloat16", "kv_cache_memory_bytes": None, "tensor_parallel_size": gpus}
    return {**ON_GPUS, **MINE, "engine": {"model": "mine", "environment": "cuda", "args": wanted}}


HARDWARE = {
    "a GPU's run where no GPU is allowed": mistake(
        {"gpus": 0, "engine": {"environment": "cuda"}},
        ["needs 1 GPU(s) and 'gpus' allows 0", "raise 'gpus', or set engine.environment: cpu"],
        {"gpus": 0, "engine": {"environment": "cpu"}},
        e2e=True,
    ),
    "more GPUs than are allowed": Mistake(
        World({**on_gpus(tensor_parallel_size=4), "gpus": 1}, machine=two_gpus(80, 80)),
        ("needs 4 GPU(s) and 'gpus' allows 1", "tensor_parallel_size"),
        World({**on_gpus(tensor_parallel_size=1), "gpus": 1}, machine=two_gpus(80, 80)),
    ),
    "a machine without a GPU": mistake(
        ON_GPUS,
        ["the run needs 1 GPU(s) and this process sees 0", "engine.environment: cpu"],
        ON_CPU,
        e2e=True,
    ),
    "more GPUs than the machine has": Mistake(
        World({**on_gpus(tensor_parallel_size=4), "gpus": 4}, machine=two_gpus(80, 80)),
        ("needs 4 GPU(s) and this process sees 2", "tensor_parallel_size to 2"),
        World({**on_gpus(tensor_parallel_size=2), "gpus": 4}, machine=two_gpus(80, 80)),
    ),
    "a list of GPUs that begins with -1": seen(
        "-1,0", "0", ["this process sees 0 (CUDA_VISIBLE_DEVICES is '-1,0')", "name in CUDA_VISIBLE_DEVICES"]
    ),
    "a list of GPUs with a number that there is not": seen("7", "1", ["this process sees 0"]),
    "a GPU that stands in the list twice": seen("1,1", "1", ["this process sees 0"]),
    "a GPU that others fill": Mistake(
        World(ON_GPUS, machine=two_gpus(20, 80)),
        ("GPU 0 (21.0 GB of 85.5 GB free)", "set CUDA_VISIBLE_DEVICES=1"),
        World(ON_GPUS, machine=two_gpus(20, 80), variables={"CUDA_VISIBLE_DEVICES": "1"}),
    ),
    "a cache larger than the machine's memory": mistake(
        args(kv_cache_memory_bytes=1 << 50),
        ["engine.args.kv_cache_memory_bytes", "of memory of this machine", "lower engine.args"],
        args(kv_cache_memory_bytes=1 << 26),
        e2e=True,
    ),
    "a cache larger than a GPU": Mistake(
        World(on_gpus(kv_cache_memory_bytes=1 << 40), machine=two_gpus(80, 80)),
        (
            "85.5 GB of memory of NVIDIA H100 80GB HBM3",
            "lower engine.args.kv_cache_memory_bytes to less than",
        ),
        World(on_gpus(kv_cache_memory_bytes=85 * 10**9), machine=two_gpus(80, 80)),
    ),
    "more results than the disk holds": mistake(
        {"dataset": {"source": "imdb"}, **study(set={"texts": 10**7}, grid={"n": [*range(2, 400)]})},
        ["results: its disk has", "will be written", "free "],
        {"dataset": {"source": "imdb"}, **study(set={"texts": 400}, grid={"n": [2]})},
    ),
    "a port that another program has": mistake(
        {"serving": {"port": PORT, **SERVED["serving"]}},
        ["serving.port: port", "Address already in use", "or to null for any that is"],
        {"serving": {"port": None, **SERVED["serving"]}},
    ),
    "no Nsight Systems": Mistake(
        World(
            {"profile": {"profilers": ["torch", "nsys"]}}, variables={"PATH": ""}, profilers=("torch", "nsys")
        ),
        ("profile.profilers", "profile with torch alone"),
        World({"profile": {"profilers": ["torch"]}}, variables={"PATH": ""}, profilers=("torch",)),
    ),
    "cascade attention of a vLLM that has none": Mistake(
        World(CASCADE, machine=two_gpus(80, 80)),
        ("no effect in vLLM 0.32.0: 0.31 was the last", "name an environment with vLLM 0.26 to 0.31"),
        World(ON_GPUS, machine=two_gpus(80, 80)),
    ),
    "more GPUs than this call may have": Mistake(
        World(
            on_gpus(tensor_parallel_size=2), machine=two_gpus(80, 80), variables={"CUDA_VISIBLE_DEVICES": "0"}
        ),
        ("needs 2 GPU(s) and this process sees 1 (CUDA_VISIBLE_DEVICES is '0')",),
        World(
            on_gpus(tensor_parallel_size=1), machine=two_gpus(80, 80), variables={"CUDA_VISIBLE_DEVICES": "0"}
        ),
    ),
    "a model larger than a GPU": Mistake(
        World(large_on(1), folder(LARGE), machine=two_gpus(80, 80)),
        ("models.mine: weights of 141.1 GB", "set engine.args.tensor_parallel_size to 2"),
        World(large_on(2), folder(LARGE), machine=two_gpus(80, 80)),
    ),
    "products on a GPU where none is": mistake(
        {"gpus": 1, "environments": {"cuda": AS_CUDA}, "gemm": {"models": ["demo"], "environment": "cuda"}},
        ["gemm.environment: cuda needs a GPU and this process sees none", "set gemm: {models: []}"],
        {"gemm": {"models": []}},
        e2e=True,
    ),
    "products on a GPU where none is allowed": mistake(
        {"gpus": 0, "environments": {"cuda": AS_CUDA}, "gemm": {"models": ["demo"], "environment": "cuda"}},
        ["gemm.environment: cuda needs a GPU and 'gpus' allows none", "raise 'gpus'"],
        {"gemm": {"models": []}},
    ),
    "a core that there is not": mistake(
        {"core_sets": [[0], [9999]]},
        ["core_sets: this process may not have core 9999", "name those"],
        {"core_sets": []},
    ),
    "an engine on CPU that wants two sets of cores": mistake(
        {"core_sets": [[0]], **args(tensor_parallel_size=2)},
        ["engine.args.tensor_parallel_size: with core_sets", "set it to 1, or drop core_sets"],
        {"core_sets": [], **args(tensor_parallel_size=2)},
    ),
}
