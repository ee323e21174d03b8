"""Measurement folders as typed records, checked by gates, told as metrics, laid out as frames."""
