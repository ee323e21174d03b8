"""Measurement folders as typed records, judged by gates, told as metrics, laid out as frames."""
