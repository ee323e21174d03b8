"""Addresses: their parts, how they are shown, and names of files for what they lead to."""

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit


def file_name(url: str, otherwise: str) -> str:
    """The last part of an address as a legal file name; ``otherwise`` where it has none."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", parts(url).path.rpartition("/")[2]).lstrip(".") or otherwise


def shown(url: str) -> str:
    """An address as messages and results may show it: without user, password and query."""
    found = parts(url)
    return urlunsplit((found.scheme, found.netloc.rpartition("@")[2], found.path, "", ""))


def parts(url: str) -> SplitResult:
    """An address in its parts; one that is ill-formed, such as ``http://[::1/x``, is cut where it can be."""
    try:
        return urlsplit(url)
    except ValueError:
        scheme, _, rest = url.partition("://")
        host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
        return SplitResult(scheme, host, slash + path, "", "")
