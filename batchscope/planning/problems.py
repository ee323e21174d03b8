"""What is wrong with a sweep before it costs anything."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something that would end a run, and what puts it right."""

    where: str
    """the key of the configuration, or the file"""
    what: str
    remedy: str
