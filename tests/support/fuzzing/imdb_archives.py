"""Strategies for archives such as that of the IMDB reviews."""

import gzip
import io
import tarfile

from hypothesis import strategies as st
from support.fuzzing.text_files import TEXTS, damaged

TEXT_NAMES = st.one_of(
    st.sampled_from(
        [
            *(
                "aclImdb/train/pos/0_9.txt",
                "aclImdb/train/neg/0_1.txt",
                "aclImdb/test/pos/1_9.txt",
                "aclImdb/test/neg/" + "9" * 80 + "_1.txt",
            ),
            *(
                "aclImdb/train/pos/" + "1" * 5_000 + "_9.txt",
                "../aclImdb/train/pos/0_9.txt",
                "/etc/passwd",
                "aclImdb/train/pos/٣_9.txt",
            ),
            *(
                "aclImdb/train/pos/0_9.txt\n",
                "",
                "/",
                "aclImdb/train/pos/00_9.txt",
                "x" * 300,
                "电影",
                "a\udc80",
            ),
        ]
    ),
    st.integers(0, 5).map(lambda number: f"aclImdb/train/pos/{number}_7.txt"),
)
KINDS = st.sampled_from(
    [
        tarfile.REGTYPE,
        tarfile.REGTYPE,
        tarfile.REGTYPE,
        tarfile.AREGTYPE,
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.DIRTYPE,
        tarfile.CHRTYPE,
        tarfile.FIFOTYPE,
        b"Z",
    ]
)


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """An archive such as IMDB's, with members of odd names and kinds, damaged in its headers or its packing."""
    buffer = io.BytesIO()
    form = draw(st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))
    with tarfile.open(fileobj=buffer, mode="w", format=form, errors="surrogateescape") as archive:
        for name in draw(st.lists(TEXT_NAMES, min_size=1, max_size=4)):
            member, content = tarfile.TarInfo(name), draw(TEXTS).encode()
            member.size, member.type = len(content), draw(KINDS)
            member.linkname = (
                "../../../etc/passwd" if member.type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            )
            if form == tarfile.PAX_FORMAT and draw(st.integers(0, 4)) == 0:
                odd = st.sampled_from(["x", "-1", "9" * 5_000, "1e400", "nan", "", "\0", "٣"])
                member.pax_headers = {
                    draw(
                        st.sampled_from(
                            [
                                "size",
                                "mtime",
                                "uid",
                                "path",
                                "GNU.sparse.map",
                                "GNU.sparse.major",
                                "hdrcharset",
                            ]
                        )
                    ): draw(odd)
                }
            archive.addfile(member, io.BytesIO(content))
    return draw(damaged(gzip.compress(draw(damaged(buffer.getvalue())), mtime=0)))
