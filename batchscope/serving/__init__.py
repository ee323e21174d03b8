"""Online serving: from load points to latencies, tables and plots; `batchscope.server` is the other side."""
