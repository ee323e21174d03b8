"""All that an engine's Python runs. It imports nothing of ours but `batchscope.common`."""
