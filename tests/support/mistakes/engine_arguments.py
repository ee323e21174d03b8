"""Arguments that vLLM does not know, or refuses."""

from support.mistakes.configuration import args, study
from support.mistakes.mistake import mistake

ENGINE_ARGUMENTS = {
    "an argument's older name": mistake(
        args(extra={"max_seq_len": 4096}),
        ["no engine argument 'max_seq_len'", "write engine.args.max_model_len"],
        args(max_model_len=4096),
        e2e=True,
    ),
    "a misspelt argument": mistake(
        args(extra={"enable_chunk_prefill": True}),
        ["'enable_chunk_prefill'", "write engine.args.extra.enable_chunked_prefill"],
        args(extra={"enable_chunked_prefill": True}),
    ),
    "an argument of nobody": mistake(args(extra={"zzzz": 1}), ["'zzzz'", "drop it"], args(extra={})),
    "a known argument under extra": mistake(
        args(extra={"max_num_seqs": 4}),
        ["engine.args.extra", "max_num_seqs", "not under"],
        args(max_num_seqs=4),
    ),
    "fewer tokens than requests in a step": mistake(
        args(max_num_batched_tokens=100, max_num_seqs=128),
        ["max_num_seqs: 128", "raise it to 128"],
        args(max_num_batched_tokens=128, max_num_seqs=128),
        e2e=True,
    ),
    "a step smaller than a whole prompt": mistake(
        args(max_num_batched_tokens=4096, extra={"enable_chunked_prefill": False}),
        ["max_model_len: 16384", "raise it to 16384"],
        args(max_num_batched_tokens=16384, extra={"enable_chunked_prefill": False}),
    ),
    "a quantization of nobody": mistake(
        args(quantization="fp-8"), ["has no 'fp-8'", "set it to fp8"], args(quantization="fp8")
    ),
    "a context beyond the model's": mistake(
        args(max_model_len=20_000),
        ["20000 tokens are more than the 16384 positions of demo", "set it to 16384"],
        args(max_model_len=16_384),
    ),
    "a context below a prompt": mistake(
        args(max_model_len=700),
        ["the context of demo is 700", "raise engine.args.max_model_len to 3026"],
        args(max_model_len=3026),
    ),
    "prompts beyond the context": mistake(
        study(set={"texts": 200}, grid={"n": [100]}),
        ["the context of demo is 16,384", "the largest n that fits is "],
        study(set={"texts": 200}, grid={"n": [50]}),
        e2e=True,
    ),
    "a cache smaller than a request": mistake(
        args(kv_cache_memory_bytes=1 << 20),
        ["engine.args.kv_cache_memory_bytes", "hold 2,016 tokens", "raise it to 8404992"],
        args(kv_cache_memory_bytes=8404992),
    ),
    "a context longer than the cache": mistake(
        args(kv_cache_memory_bytes=4 << 20, max_model_len=12_000),
        ["12,000 (max_model_len)", "set engine.args.max_model_len to 8160 or less"],
        args(kv_cache_memory_bytes=4 << 20, max_model_len=8160),
    ),
    "a study that makes the cache too small": mistake(
        study(set={"engine.kv_cache_memory_bytes": 1 << 20}, grid={"n": [4]}),
        ["studies.odd: engine.kv_cache_memory_bytes", "raise it to 8404992"],
        study(set={"engine.kv_cache_memory_bytes": 8404992}, grid={"n": [4]}),
    ),
    "cascade attention where there is none": mistake(
        args(extra={"disable_cascade_attn": False}),
        ["disable_cascade_attn: false has no effect on CPU", "drop it"],
        args(extra={}),
    ),
    "heads that cannot be spread": mistake(
        {"gpus": 8, **args(tensor_parallel_size=3)},
        ["attention heads of demo cannot be spread over 3 GPUs", "set it to 2"],
        {"gpus": 8, **args(tensor_parallel_size=2)},
    ),
    "a type of the KV cache of nobody": mistake(
        args(kv_cache_dtype="fp9"),
        ["engine.args.kv_cache_dtype", "has no 'fp9'", "set it to fp8"],
        args(kv_cache_dtype="fp8"),
    ),
    "a misspelt precision among several": mistake(
        study(set={"n": 4}, grid={"engine.quantization": [None, "fp8_per_tensr"]}),
        ["studies.odd: engine.quantization", "has no 'fp8_per_tensr'", "set it to fp8_per_tensor"],
        study(set={"n": 4}, grid={"engine.quantization": [None, "fp8_per_tensor"]}),
    ),
    "a type of weights that vLLM does not have": mistake(
        args(dtype="bf16"), ["engine.args.dtype", "'bfloat16'", "got 'bf16'"], args(dtype="bfloat16")
    ),
    "an attention backend of nobody": mistake(
        args(attention_backend="FLASHINFR"),
        ["has no 'FLASHINFR'", "set it to FLASHINFER"],
        args(attention_backend="FLASHINFER"),
    ),
    "a misspelt mode of CUDA graphs": mistake(
        args(extra={"compilation_config": {"cudagraph_mode": "PIECWISE"}}),
        ["engine.args.extra.compilation_config.cudagraph_mode", "set it to PIECEWISE"],
        args(extra={"compilation_config": {"cudagraph_mode": "PIECEWISE"}}),
    ),
    "a misspelt key of compilation": mistake(
        args(extra={"compilation_config": {"cudagraph_mod": "NONE"}}),
        ["has no 'cudagraph_mod' there", "write cudagraph_mode"],
        args(extra={"compilation_config": {"cudagraph_mode": "NONE"}}),
    ),
    "a number for the switch of cascade attention": mistake(
        args(extra={"disable_cascade_attn": 1}),
        ["engine.args.extra.disable_cascade_attn: 1 is a number", "write true"],
        args(extra={"disable_cascade_attn": True}),
    ),
    "a misspelt variable": mistake(
        {"engine": {"variables": {"VLLM_USE_V2_MODEL_RUNER": False}}},
        ["engine.variables.VLLM_USE_V2_MODEL_RUNER", "write VLLM_USE_V2_MODEL_RUNNER"],
        {"engine": {"variables": {"VLLM_USE_V2_MODEL_RUNNER": False}}},
    ),
    "a switch in quotes": mistake(
        args(extra={"disable_cascade_attn": "true"}),
        ["engine.args.extra.disable_cascade_attn: 'true' in quotes is text", "write true without them"],
        args(extra={"disable_cascade_attn": True}),
    ),
    "a model on no GPU": mistake(
        args(tensor_parallel_size=0),
        ["engine.args.tensor_parallel_size", "greater than 0, got 0"],
        args(tensor_parallel_size=1),
    ),
}
