"""vllm-batchscope: measurements that say how to label many short texts with vLLM."""

__version__ = "0.1.0"
