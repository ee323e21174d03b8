"""Names of studies, models and environments, of which files and folders are made."""

from typing import Any

from support.mistakes.mistake import mistake


def named(name: str) -> dict[str, Any]:
    """A study of this name."""
    return {"studies": {name: {"grid": {"n": [4]}}}}


NAMES = {
    "a slash in a study's name": mistake(named("a/b"), ["studies", "a/b"], named("a-b"), e2e=True),
    "a dot at the end of a name": mistake(named("a."), ["studies.a.", "some file systems drop"], named("a")),
    "a dot at the beginning of a name": mistake(named(".a"), ["'.a' is no name", "such as 'a'"], named("a")),
    "a blank in a name": mistake(
        named("my study"), ["'my study' is no name", "such as 'my_study'"], named("my_study")
    ),
    "braces in a name": mistake(named("{n}"), ["'{n}' is no name", "such as 'n'"], named("n")),
    "letters that not every system has": mistake(
        named("Bücher"), ["'Bücher' is no name", "letters (a to z)"], named("Buecher")
    ),
    "the name of a device": mistake(named("con"), ["'con' is the name of a device"], named("contra")),
    "the name of a table of profiles": mistake(
        named("profiles_steps"), ["'profiles_steps'", "rename"], named("steps")
    ),
    "an empty name": mistake(named(""), ["studies"], named("mine")),
    "the name of a table": mistake(
        named("summary"), ["studies: 'summary'", "rename"], named("my_summary"), e2e=True
    ),
    "the name of a page": mistake(named("cost"), ["studies: 'cost'", "rename"], named("my_cost")),
    "the beginning of other tables' names": mistake(
        named("serving_mine"), ["'serving_mine'", "rename the study"], named("mine_serving")
    ),
    "two names that differ in capitals alone": mistake(
        {"studies": {"mine": {"grid": {"n": [4]}}, "Mine": {"grid": {"n": [4]}}}},
        ["Mine"],
        {"studies": {"mine": {"grid": {"n": [4]}}, "other": {"grid": {"n": [4]}}}},
    ),
    "a name longer than a file's may be": mistake(named("a" * 300), ["studies", "aaa"], named("a" * 30)),
    "a model's name with a slash": mistake(
        {"models": {"a/b": {"source": "demo", "load_format": "dummy"}}, "engine": {"model": "a/b"}},
        ["models", "a/b"],
        {"models": {"a-b": {"source": "demo", "load_format": "dummy"}}, "engine": {"model": "a-b"}},
    ),
    "an unknown model": mistake(
        {"engine": {"model": "hermes"}},
        ["engine.model: no 'hermes'", "there are demo"],
        {"engine": {"model": "demo"}},
    ),
    "an unknown environment": mistake(
        {"engine": {"environment": "tpu"}},
        ["engine.environment: no 'tpu'", "there are cpu, cuda"],
        {"engine": {"environment": "cpu"}},
    ),
}
