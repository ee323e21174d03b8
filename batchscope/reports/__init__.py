"""One folder a report: its frame, its page, its figure."""
