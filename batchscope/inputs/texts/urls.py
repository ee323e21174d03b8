"""Names of files for what addresses lead to."""

import re
from urllib.parse import urlsplit


def file_name(url: str, otherwise: str) -> str:
    """The last part of an address as a legal file name; ``otherwise`` where it has none."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", urlsplit(url).path.rpartition("/")[2]).lstrip(".") or otherwise
