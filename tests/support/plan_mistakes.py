"""Mistakes that the look before a call finds: an overlay, what its one message says, and the remedy it names."""

from dataclasses import dataclass
from typing import Any

from support.situations import engine


@dataclass
class PlanMistake:
    """A wrong overlay, what the message must say, and an overlay over it that does what the message says."""

    wrong: dict[str, Any]
    says: list[str]
    right: dict[str, Any]
    model: dict[str, Any] | None = None
    """config.json of a local model"""


LLAMA = {"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 4096}
NOWHERE = {"python": "nowhere/bin/python", "device": "cpu"}
CPU = {"python": ".engines/cpu/bin/python", "device": "cpu"}

PLAN_MISTAKES = {
    "cache smaller than a request": PlanMistake(
        engine(kv_cache_memory_bytes=1 << 20),
        ["engine.args.kv_cache_memory_bytes", "hold 2,016 tokens", "raise it to 8404992"],
        engine(kv_cache_memory_bytes=8404992),
    ),
    "context longer than the cache": PlanMistake(
        engine(kv_cache_memory_bytes=4 << 20, max_model_len=12_000),
        ["12,000 (max_model_len)", "set engine.args.max_model_len to 8160 or less"],
        engine(kv_cache_memory_bytes=4 << 20, max_model_len=8160),
    ),
    "cache larger than any machine": PlanMistake(
        engine(kv_cache_memory_bytes=1 << 50),
        ["engine.args.kv_cache_memory_bytes", "more than this machine's", "lower engine.args"],
        engine(kv_cache_memory_bytes=1 << 26),
    ),
    "argument's older name": PlanMistake(
        engine(extra={"max_seq_len": 4096}),
        ["no engine argument 'max_seq_len'", "write engine.args.max_model_len"],
        engine(max_model_len=4096, extra={"max_seq_len": None}),
    ),
    "misspelt argument": PlanMistake(
        engine(extra={"enable_chunk_prefill": True}),
        ["'enable_chunk_prefill'", "write engine.args.extra.enable_chunked_prefill"],
        engine(extra={"enable_chunk_prefill": None, "enable_chunked_prefill": True}),
    ),
    "argument of nobody": PlanMistake(
        engine(extra={"zzzz": 1}), ["'zzzz'", "drop it"], engine(extra={"zzzz": None})
    ),
    "fewer tokens than requests in a step": PlanMistake(
        engine(max_num_batched_tokens=100, max_num_seqs=128),
        ["max_num_seqs: 128", "raise it to 128"],
        engine(max_num_batched_tokens=128, max_num_seqs=128),
    ),
    "step smaller than a whole prompt": PlanMistake(
        engine(max_num_batched_tokens=4096, extra={"enable_chunked_prefill": False}),
        ["max_model_len: 16384", "raise it to 16384"],
        engine(max_num_batched_tokens=16384, extra={"enable_chunked_prefill": False}),
    ),
    "quantization of nobody": PlanMistake(
        engine(quantization="fp-8"), ["has no 'fp-8'", "set it to fp8"], engine(quantization="fp8")
    ),
    "context beyond the model's": PlanMistake(
        engine(max_model_len=20_000),
        ["20000 tokens are more than the 16384 positions of demo", "set it to 16384"],
        engine(max_model_len=16_384),
    ),
    "context beyond that of a local model": PlanMistake(
        engine(max_model_len=8192), ["4096 positions of mine"], engine(max_model_len=4096), LLAMA
    ),
    "classifier": PlanMistake(
        {},
        ["writes no text"],
        {"engine": {"model": "demo"}},
        LLAMA | {"architectures": ["BertForSequenceClassification"]},
    ),
    "architecture of nobody": PlanMistake(
        {},
        ["NoSuchForCausalLM"],
        {"engine": {"model": "demo"}},
        LLAMA | {"architectures": ["NoSuchForCausalLM"]},
    ),
    "code that is not trusted": PlanMistake(
        {},
        ["code of its own", "models.mine.trust_remote_code: true"],
        {"models": {"mine": {"trust_remote_code": True}}},
        LLAMA | {"architectures": ["MineForCausalLM"], "auto_map": {"AutoModelForCausalLM": "m.Mine"}},
    ),
    "weights in a form of nobody": PlanMistake(
        {},
        ["'squeeze'"],
        {"engine": {"model": "demo"}},
        LLAMA | {"quantization_config": {"quant_method": "squeeze"}},
    ),
    "folder that is not there": PlanMistake(
        {"models": {"mine": {"source": "local", "path": "no/such/folder"}}, "engine": {"model": "mine"}},
        ["models.mine.path", "there is no folder no/such/folder"],
        {"engine": {"model": "demo"}},
    ),
    "weights that are not there": PlanMistake(
        {"models": {"mine": {"load_format": "auto"}}},
        ["models.mine.path", "holds no weights", "load_format: dummy"],
        {"models": {"mine": {"load_format": "dummy"}}},
        LLAMA,
    ),
    "environment that is not made": PlanMistake(
        {"environments": {"cpu": NOWHERE}},
        ["environments.cpu", "make env ENGINE=cpu"],
        {"environments": {"cpu": CPU}},
    ),
    "environment without vLLM": PlanMistake(
        {"environments": {"cpu": {"python": "workflow", "device": "cpu"}}},
        ["environments.cpu", "has no vLLM", "name another Python"],
        {"environments": {"cpu": CPU}},
    ),
    "GPU where there is none": PlanMistake(
        {"gpus": 1, "environments": {"cpu": CPU | {"device": "cuda"}}},
        ["the run needs 1 GPU(s) and this process sees 0", "engine.environment: cpu"],
        {"environments": {"cpu": CPU}},
    ),
}
