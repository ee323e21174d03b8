"""Strategies for the text of a configuration file, in which somebody has mistyped."""

from hypothesis import strategies as st

BASE_TEXT = """\
title: Short texts  # a comment
gpus: 0
studies:
  packing: {question: "Does it pay?", grid: {n: [4, 40], layout: [packed, separate]}}
  saturation:
    set: {layout: packed, texts: 160}
    include: [{n: 4}, {layout: separate, n: 1}]
prompts: {separator: "\\n", packed: "{texts}\\nÄ ?"}
"""

PIECES = (
    *(
        b"\t",
        b"\0",
        b"\xff",
        b"\xfc",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b": ",
        b"- ",
        b"[",
        b"{",
        b"}",
        b"&a ",
        b"*a",
        b"<<: *a\n",
    ),
    *(
        b"'",
        b'"',
        b"|\n",
        b"---\n",
        b"...\n",
        b"%YAML 9\n",
        b"!!python/object:os.system ",
        b"!!set ",
        b"!!binary ",
        b"? ",
    ),
    *(
        b"2026-02-30",
        b".inf",
        b".nan",
        b"1e400",
        b"9" * 5_000,
        b"[" * 3_000,
        b"gpus: 1\n",
        b"studies: {}\n",
        b"\r",
        b"\n",
    ),
    *(
        b"&a [*a]",
        "\u2028".encode(),
        b"~",
        b"yes",
        b"0x_",
        b"190:20:30",
        b"!!float x",
        b"!!bool x",
        b"!!timestamp x",
        b"=: =",
    ),
)


@st.composite
def config_files(draw: st.DrawFn) -> bytes:
    """The text of a configuration file with pieces put in, taken out, doubled, or in another encoding."""
    content = BASE_TEXT.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "latin-1", "utf-16"])))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(content)))
        end = min(len(content), at + draw(st.sampled_from([0, 0, 1, 5, 40])))
        doubled = content[at:end] * draw(st.sampled_from([0, 1, 2]))
        content = content[:at] + doubled + draw(st.sampled_from([b"", *PIECES])) + content[end:]
    return content
