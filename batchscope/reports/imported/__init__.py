"""Result files of other benchmarks beside ours."""
