"""Load points of the server: their records, the window that counts, latencies, and what the hardware did."""
