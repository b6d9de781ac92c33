"""The existing top-level domains, from the Public Suffix List in the library `publicsuffixlist`.

The list (https://publicsuffix.org/list/) has every top-level domain of the root zone, each on a separate line.
"""

from __future__ import annotations

from functools import lru_cache

# RFC 2606: for documentation; lookups are allowed, because they reveal nothing.
_DOCUMENTATION = "example"
_END = b"===END ICANN DOMAINS==="


def is_top_level(label: str) -> bool:
    """Whether the canonical `label` was a top-level domain when the list was made."""
    return label == _DOCUMENTATION or _is_listed(label)


@lru_cache(maxsize=4096)
def _is_listed(label: str) -> bool:
    name = label
    if label.startswith("xn--"):
        try:
            name = label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            return False
    line = name.encode("utf-8", "replace")
    # Some only have a wildcard rule for the names below them.
    return b"\n%b\n" % line in _rules() or b"\n*.%b\n" % line in _rules()


@lru_cache(maxsize=1)
def _rules() -> bytes:
    import pkgutil

    found = pkgutil.get_data("publicsuffixlist", "public_suffix_list.dat")
    assert found is not None, "the library has its list as a file"
    return found.replace(b"\r\n", b"\n").partition(_END)[0]
