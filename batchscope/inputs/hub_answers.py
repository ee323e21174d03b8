"""What the Hugging Face hub answers in the place of what was asked for, in words that say what to do."""

import errno
import os
from collections.abc import Callable
from typing import NamedTuple

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when a disk, a quota or the largest size of a file is reached."""

LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"


class Asked(NamedTuple):
    """A repository of the hub."""

    kind: str
    """``model`` or ``data set``"""
    name: str
    revision: str | None
    """branch, tag or commit; None: the default one"""
    by_hand: str
    """for messages: what to do with files that were fetched by other means"""


class Problem(NamedTuple):
    """What is wrong."""

    key: str
    """``id`` or ``revision``: which key of the configuration it is about"""
    text: str
    """and what to do about it"""


def explain(error: Exception, asked: Asked) -> Problem:
    """What the hub's client raised, as a problem of the configuration, the login, the network or the disk."""
    from huggingface_hub import errors

    for name, words in WORDS.items():
        if isinstance(error, getattr(errors, name)):
            return Problem("revision" if name.startswith("Revision") else "id", words(error, asked))
    return Problem("id", _not_written(error, asked) or _not_fetched(error, asked))


def first_line(error: BaseException) -> str:
    """The first line of an exception's message; its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def offline() -> bool:
    """Whether the user wants the hub not to be asked."""
    from huggingface_hub.constants import is_offline_mode

    return is_offline_mode()


def _ill_formed(error: Exception, _: Asked) -> str:
    return f"{first_line(error)}; write it as owner/name"


def _no_revision(_: Exception, asked: Asked) -> str:
    return f"{asked.name} has no revision '{asked.revision}'; correct it"


def _gated(_: Exception, asked: Asked) -> str:
    return f"{asked.name} is gated; accept the licence of {asked.name} on the hub, then {LOG_IN}"


def _not_shown(_: Exception, asked: Asked) -> str:
    from huggingface_hub import get_token

    login = LOG_IN if get_token() is None else "log in as somebody who may read it"
    return f"the hub has no {asked.kind} {asked.name}, or it is private; correct it, or {login}"


def _switched_off(_: Exception, asked: Asked) -> str:
    return f"the hub has switched {asked.name} off; choose another {asked.kind}"


def _not_in_cache(error: Exception, asked: Asked) -> str:
    from huggingface_hub.constants import HF_HUB_CACHE

    if not offline():
        return _not_fetched(error, asked)
    return (
        f"{asked.name} is not, or not wholly, in the cache {HF_HUB_CACHE}, and HF_HUB_OFFLINE forbids to "
        f"fetch it; unset that, or download it where there is a network and {asked.by_hand}"
    )


def _refused(error: Exception, asked: Asked) -> str:
    from huggingface_hub import get_token

    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 401 and get_token() is None:
        return _not_shown(error, asked)
    known = {
        401: "the hub does not know your login; renew it with `hf auth login`, or correct HF_TOKEN",
        403: "your login may not read it; ask its owner, or log in as somebody who may (`hf auth login`)",
        429: f"the hub has had too many requests from here; wait a while, or {LOG_IN}, which allows more",
    }
    return f"{asked.name}: {known[status]}" if status in known else _not_fetched(error, asked)


WORDS: dict[str, Callable[[Exception, Asked], str]] = {
    "HFValidationError": _ill_formed,
    "RevisionNotFoundError": _no_revision,
    "GatedRepoError": _gated,
    "RepositoryNotFoundError": _not_shown,
    "DisabledRepoError": _switched_off,
    "OfflineModeIsEnabled": _not_in_cache,
    "LocalEntryNotFoundError": _not_in_cache,
    "HfHubHTTPError": _refused,
}
"""By the name of the client's exception, a special one before the general one that it is a kind of."""


def _not_written(error: Exception, asked: Asked) -> str | None:
    """The message where a file could not be written; None where it was something else."""
    from huggingface_hub.constants import HF_HUB_CACHE

    number = getattr(error, "errno", None) or 0
    if number in NO_ROOM:
        return (
            f"there is no room for {asked.name} in {HF_HUB_CACHE} ({os.strerror(number)}); make some, or set "
            "HF_HOME to a folder on a larger disk"
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return f"{HF_HUB_CACHE} cannot be written ({os.strerror(number)}); set HF_HOME to a folder of yours"
    return None


def _not_fetched(error: Exception, asked: Asked) -> str:
    return (
        f"{asked.name} could not be fetched ({first_line(error)}); check the network, or download it "
        f"elsewhere and {asked.by_hand}"
    )
