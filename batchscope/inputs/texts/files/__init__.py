"""Reads the user's own files of texts: one module for each format, and what all of them share."""
