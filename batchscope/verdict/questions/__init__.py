"""Does it matter? One answer a question."""
