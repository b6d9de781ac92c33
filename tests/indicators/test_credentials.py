"""User names and passwords in URLs are removed from the canonical form and from messages."""

from __future__ import annotations

import pytest

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import (
    Kind,
    parse_as,
    recognise,
    shown_without_credentials,
    without_recorded_credentials,
    without_user,
)

_SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "value", "removed"),
    [
        ("https://bob:hunter2@files.example.com/x", "https://files.example.com/x", ("user", "password")),
        ("https://bob@files.example.com/x", "https://files.example.com/x", ("user",)),
        ("https://:hunter2@files.example.com/x", "https://files.example.com/x", ("password",)),
        ("https://bob:@files.example.com/x", "https://files.example.com/x", ("user",)),
        ("https://@files.example.com/x", "https://files.example.com/x", ()),
        ("hxxps:/bob:hunter2@files[.]example[.]com:8443/x", "https://files.example.com:8443/x", ("user", "password")),
        ("https://bob:hun%40ter2@10.0.0.1/", "https://10.0.0.1/", ("user", "password")),
        ("https://example.com/@bob", "https://example.com/@bob", ()),
    ],
)
def test_credentials_are_removed_and_reported(text: str, value: str, removed: tuple[str, ...]) -> None:
    parsed = parse_as("url", text)
    assert (parsed.value, parsed.removed) == (value, removed)
    assert parsed == parse_as("url", value)
    assert hash(parsed) == hash(parse_as("url", value))


@pytest.mark.parametrize(
    "text",
    [
        "https://bob:hunter2@intra net/",
        "https://bob:hun/ter2#hunter2@host.example/",
        "https://bob:1#hunter2@host.example/",
        "https://bob:12/hunter2@host/",
        "bob:hunter2@host.example/",
        "bob:hunter2@host.example",
        "https:/bob:hunter2@host/",
        "https//bob:hunter2@host.example:99999/",
        "https://bob:hunter2@/",
        "https://bob\\hunter2@host.example/",
        "https://bob:hunter2\uff20host.example/",
        '"https://bob:hunter2@host.example/" and more',
        "https://bob:hunter2@host.example/,https://bob:hunter2@other.example/",
        "//bob:hunter2@host.example/a",
        "/bob:hunter2@host.example/a",
        "https://bob:hunter2%40host.example/a",
        "https://bob:hunter2%2540host.example/a",
        "http://bob:hunter2[at]host[.]example/",
        "http://bob:hunter2(at)host.example/",
        "http://bob:hunter2{AT}host.example/",
        "http://bob:hunter2[@]host.example/",
        "http://bob:hunter2[ at ]host.example/",
        "http://bob:hunter2 at host.example/",
        "http://bob[:]hunter2[at]host.example/",
        "http://bob:hunter2&#64;host.example/",
        "bob:hunter2[at]host[.]example",
        "bob:hunter2%40host.example/",
        "https%3A%2F%2Fbob:hunter2%40host.example%2Fa",
        "https%3A%2F%2Fbob%3Ahunter2%40host.example%2Fa",
        "https://host.example/ https://bob:hunter2%40other.example/",
        "https://host.example/ https://bob:hunter2@other.example/",
    ],
)
@pytest.mark.parametrize("kind", ["url", "domain", "ip", "hash", None])
def test_no_message_contains_credentials(text: str, kind: Kind | None) -> None:
    with pytest.raises(InvalidIndicator) as caught:
        recognise(text) if kind is None else parse_as(kind, text)
    assert _SECRET not in caught.value.message
    assert "ter2" not in caught.value.message


@pytest.mark.parametrize(
    ("tail", "left", "removed"),
    [
        ("?u=http://bob:hunter2@foo.example/", "?u=http://foo.example/", ("user", "password")),
        ("web/2020/http://bob:hunter2@foo.example/a", "web/2020/http://foo.example/a", ("user", "password")),
        ("web/2020/http:/bob:hunter2@foo.example/a", "web/2020/http:/foo.example/a", ("user", "password")),
        ("#http://bob:hunter2@foo.example/", "#http://foo.example/", ("user", "password")),
        ("?next=ftp://bob:hunter2@foo/&mail=a@b.example", "?next=ftp://foo/&mail=a@b.example", ("user", "password")),
        ("?u=//bob:hunter2@foo.example/", "?u=//foo.example/", ("user", "password")),
        ("?u=http:bob:hunter2@foo.example/", "?u=http:foo.example/", ("user", "password")),
        ("?u=hxxp[:]//bob:hunter2[@]foo[.]example", "?u=hxxp[:]//foo[.]example", ("user", "password")),
        ("?u=http[://]bob:hunter2[at]foo", "?u=http[://]foo", ("user", "password")),
        ("?u=http://bob:hunter2%40foo.example/", "?u=http://foo.example/", ("user", "password")),
        ("?u=http://bob:a/hunter2@foo.example/", "?u=http://foo.example/", ("user", "password")),
        ("?u=http://bob:a&b=hunter2@foo.example/", "?u=http://foo.example/", ("user", "password")),
        ("?a=http://hunter2@b/&c=http://:hunter2@d/", "?a=http://b/&c=http://d/", ("user", "password")),
    ],
)
def test_credentials_are_removed_from_a_url_inside_a_url(tail: str, left: str, removed: tuple[str, ...]) -> None:
    parsed = parse_as("url", f"https://evil.example/{tail}")
    assert (parsed.value, parsed.removed) == (f"https://evil.example/{left}", removed)
    assert parse_as("url", parsed.value).removed == ()
    assert without_user(parsed.value) == shown_without_credentials(parsed.value) == parsed.value
    assert parse_as("url", f"https://joe@evil.example/{tail}").removed == ("user", "password")


@pytest.mark.parametrize(
    "tail",
    [
        "?u=http://foo.example&mail=a@b.example",
        "?u=http://foo.example:8080&mail=a@b.example",
        "?u=http://foo.example:8080/@bob",
        "?u=http://[2001:db8::1]:80/@bob",
        "?u=http%3A%2F%2Fbob:hunter2%40foo.example%2F",
        "web/2020/https://social.example/@bob",
        "//react@18.2",
        "pkg:npm/foo@1.2",
        "?u=mailto:a@b.example",
    ],
)
def test_other_uses_of_the_at_sign_inside_a_url_stay(tail: str) -> None:
    parsed = parse_as("url", f"https://evil.example/{tail}")
    assert (parsed.value, parsed.removed) == (f"https://evil.example/{tail}", ())
    assert without_user(parsed.value) == parsed.value


@pytest.mark.parametrize(
    "text",
    ["somebody@example.com", "https://social.example/@bob", "https://example.com/?mail=a@b.example", "8.8.8.8:53"],
)
def test_other_uses_of_the_at_sign_are_shown(text: str) -> None:
    assert shown_without_credentials(text) == text


def test_cookies_and_credentials_are_removed_from_records_of_a_site() -> None:
    recorded = {
        "attributes": {
            "last_final_url": "https://bob:hunter2@files.example.com/x?mail=a@b",
            "redirection_chain": ["http://hunter2@files.example.com/"],
            "last_http_response_headers": {
                "Set-Cookie": "session=hunter2",
                "server": "nginx",
                "location": "https://bob:hunter2@files.example.com/",
            },
            "last_http_response_cookies": {"session": "hunter2"},
            "html_meta": {"cookies": ["hunter2"]},
            "title": "mail a@b",
            "size": 3,
        }
    }
    kept = without_recorded_credentials(recorded)
    assert _SECRET not in str(kept)
    assert kept["attributes"]["last_final_url"] == "https://files.example.com/x?mail=a@b"
    assert kept["attributes"]["last_http_response_headers"]["server"] == "nginx"
    assert kept["attributes"]["last_http_response_headers"]["location"] == "https://files.example.com/"
    assert list(kept["attributes"]["last_http_response_cookies"]) == ["session"]
    assert (kept["attributes"]["title"], kept["attributes"]["size"]) == ("mail a@b", 3)
    assert without_recorded_credentials(kept) == kept
