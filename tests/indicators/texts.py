"""Texts that are indicators, almost indicators, or something else."""

from __future__ import annotations

from hypothesis import strategies as st

_PIECES = st.sampled_from(
    [
        *"abfx01789.:/?#@[](){}%\\- _\u200b\u3002\u00fc\u00df\u0130\u017f\uff0e\ud800\x00\u202e",
        *(
            '"',
            "'",
            "<",
            ">",
            ",",
            ";",
            "|",
            "\ufeff",
            "\uff1a",
            "\uff0f",
            "\uff48",
            "\uff20",
            "\U0001f4a9",
            "*",
            "ftp",
        ),
        *("SHA256=", "md5:", "ab" * 16, "(4)evil", "in-addr.arpa", "%eth0", ":443", "http//", "https:", "home.arpa"),
        *("[.]", "[:]", "[://]", "[dot]", "hxxp", "http", "://", "example.com", "127.0.0.1", "::ffff:", "xn--", ".."),
    ]
)
NEAR = st.lists(_PIECES, max_size=9).map("".join)
TEXTS = st.one_of(
    NEAR,
    st.text(max_size=40),
    st.tuples(NEAR, st.just("example.com/"), NEAR).map("".join),
    st.ip_addresses().map(str),
)
