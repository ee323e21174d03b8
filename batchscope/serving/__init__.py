"""Online serving: from load points to latencies, tables and plots; the server's side is `batchscope.server`."""
