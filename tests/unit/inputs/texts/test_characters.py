"""Scripts and invisible characters."""

import pytest

from batchscope.inputs.texts.characters import count_invisible, count_scripts, main_script


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("A fine film.", "Latin"),
        ("Très bon", "Latin"),
        ("这部电影很好", "Han"),
        ("这部电影 IMDB 很好看的", "Han"),
        ("とてもよかったです", "Hiragana"),
        ("Очень хорошо", "Cyrillic"),
        ("فيلم جيد جدا", "Arabic"),
        ("बहुत अच्छा", "Devanagari"),
        ("아주 좋아요", "Hangul"),
        ("ΑΒΓ", "Greek"),
        ("\uff26\uff35\uff2c\uff2c", "Latin"),
        ("10/10 !!! 😀", "no letters"),
        ("", "no letters"),
        ("été", "Latin"),
    ],
)
def test_the_main_script(text: str, script: str) -> None:
    assert main_script(text) == script


def test_texts_are_counted_by_script() -> None:
    counted = count_scripts(["one", "two", "三四", "5"])
    assert counted == {"Latin": 2, "Han": 1, "no letters": 1}
    assert list(counted) == ["Latin", "Han", "no letters"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("zero\u200bwidth", {"zero-width space": 1}),
        ("word\u2060joiner", {"zero-width space": 1}),
        ("\ufeffmark", {"byte order mark": 1}),
        ("soft\xadhyphen", {"soft hyphen": 1}),
        ("bell\x07 and \x00 and \x9f", {"control character": 1}),
        ("left\u200eright\u202e", {"direction mark": 1}),
        ("family 👨\u200d👩\u200d👧", {"joiner": 1}),
        ("tag \U000e0041", {"other format character": 1}),
        ("two kinds \u200b\x1b[0m", {"control character": 1, "zero-width space": 1}),
        ("tabs\tand\r\nline breaks\n", {}),
        ("no-break\xa0space, naïve 🎬", {}),
    ],
)
def test_invisible_characters(text: str, kinds: dict[str, int]) -> None:
    assert count_invisible([text, "an ordinary text"]) == kinds


def test_texts_are_counted_not_characters() -> None:
    assert count_invisible(["\u200b\u200b", "\u200b", "\x01"]) == {
        "zero-width space": 2,
        "control character": 1,
    }
