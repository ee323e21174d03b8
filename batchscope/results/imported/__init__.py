"""Result files of other benchmarks, read into rows under vLLM's names."""
