"""What measuring costs: this project's parts compared with each other and with vLLM's, in turns.

Each starts from a run that the workflow has measured (``--run saturation/separate-n1``):

    python -m benchmarks.telemetry     passes with and without telemetry, and vLLM's plain generate
    python -m benchmarks.vllm_bench    our run against `vllm bench throughput`
    python -m benchmarks.reuse         one engine for all runs of a study against one for each

Results, and the machines that gave them: docs/overhead.md.
"""
