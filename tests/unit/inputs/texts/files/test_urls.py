"""Addresses, well-formed and not."""

import pytest

from batchscope.inputs.texts.files.urls import file_name, shown


@pytest.mark.parametrize(
    ("url", "name", "text"),
    [
        (
            "https://example.org/data/my texts.csv?key=1#top",
            "my_texts.csv",
            "https://example.org/data/my texts.csv",
        ),
        ("https://me:secret@example.org/a.csv", "a.csv", "https://example.org/a.csv"),
        ("https://example.org", "texts", "https://example.org"),
        ("https://example.org/.hidden", "hidden", "https://example.org/.hidden"),
        ("http://[::1/x", "x", "http://[::1/x"),  # the rest is ill-formed
        ("http://me:secret@[::1/x?token=secret", "x", "http://[::1/x"),
        ("http://[::1]:port/../x", "x", "http://[::1]:port/../x"),
    ],
)
def test_names_and_what_is_shown(url: str, name: str, text: str) -> None:
    assert file_name(url, "texts") == name
    assert shown(url) == text
