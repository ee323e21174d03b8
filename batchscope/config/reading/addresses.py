"""Places in the network as the configuration names them: whether there can be such a place at all."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

HUB_ID = re.compile(r"([A-Za-z0-9_][\w.-]*/)?[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
"""A repository of the Hugging Face hub: its owner, without whom a few old ones are named, and its name."""

REVISION = re.compile(r"[A-Za-z0-9_][\w./+-]{0,199}", re.ASCII)
"""A branch, tag or commit."""


def is_address(location: str) -> bool:
    """Whether a path is an http(s) address."""
    return re.match("https?://", location, re.IGNORECASE) is not None


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError(
            f"'{_shown(url)}' is no address ({error}); write it as https://host/file.csv"
        ) from None
    if not whole:
        raise ValueError(
            f"'{_shown(url)}' is no address, for it names no server; write it as https://host/file.csv"
        )
    return url


def _shown(url: str) -> str:
    """Without the password that may stand in it; what is no address cannot be taken apart."""
    return re.sub("//.*@", "//", url)[:80]


def _location(location: str) -> str:
    return _address(location) if is_address(location) else location


def _hub_id(name: str) -> str:
    if not HUB_ID.fullmatch(name) or "--" in name or ".." in name or name.endswith((".", "-", ".git")):
        raise ValueError(
            f"'{name[:80]}' is no name on the hub; write it as owner/name, as its page is titled"
        )
    return name


def _revision(name: str) -> str:
    if not REVISION.fullmatch(name) or ".." in name or name.endswith(("/", ".")):
        raise ValueError(f"'{name[:80]}' can be no branch, tag or commit; copy it from the repository's page")
    return name


Address = Annotated[str, AfterValidator(_address)]
"""An http(s) address."""

Location = Annotated[str, AfterValidator(_location)]
"""A path or an address."""

HubId = Annotated[str, AfterValidator(_hub_id)]
"""The id of a repository on the hub."""

Revision = Annotated[str, AfterValidator(_revision)]
"""A branch, tag or commit of a repository on the hub."""
