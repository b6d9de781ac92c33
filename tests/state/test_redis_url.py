"""Addresses of servers. Their passwords are never shown."""

from __future__ import annotations

import pytest

from vt_connectors.backends.redis_url import RedisAddress, redis_address
from vt_connectors.config.settings import Settings
from vt_connectors.errors import ConfigError

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("text", "address", "place"),
    [
        ("redis://host", RedisAddress("redis", "host"), "redis://host:6379/0"),
        ("redis://host/", RedisAddress("redis", "host"), "redis://host:6379/0"),
        ("REDIS://Host:6380/3", RedisAddress("redis", "host", 6380, database=3), "redis://host:6380/3"),
        ("redis://[::1]:7", RedisAddress("redis", "::1", 7), "redis://[::1]:7/0"),
        (f"redis://:{SECRET}@host", RedisAddress("redis", "host", password=SECRET), "redis://host:6379/0"),
        (
            f"rediss://vt:{SECRET}%40%2F@host/1?ssl_ca_certs=/etc/ca.pem",
            RedisAddress(
                "rediss",
                "host",
                database=1,
                username="vt",
                password=SECRET + "@/",
                certificates=(("ssl_ca_certs", "/etc/ca.pem"),),
            ),
            "rediss://host:6379/1",
        ),
        ("unix:///run/redis.sock", RedisAddress("unix", path="/run/redis.sock"), "unix:///run/redis.sock?db=0"),
        (
            f"unix://vt:{SECRET}@/run/redis.sock?db=4",
            RedisAddress("unix", path="/run/redis.sock", database=4, username="vt", password=SECRET),
            "unix:///run/redis.sock?db=4",
        ),
    ],
)
def test_an_address_is_read_and_shown_without_its_password(text: str, address: RedisAddress, place: str) -> None:
    found = redis_address(text)
    assert found == address
    assert found.place == place
    assert SECRET not in repr(found)


@pytest.mark.parametrize("text", ["/var/lib/state.db", "state.db", "~/state.db", "C:\\state.db", "C:/state.db", "a:b"])
def test_a_path_is_no_address(text: str) -> None:
    assert redis_address(text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"http://:{SECRET}@host",
        f"valkey://:{SECRET}@host",
        f"redis:/:{SECRET}@host",
        f"redis://{SECRET}@host",
        f"redis://:{SECRET}@",
        f"redis://:{SECRET}/more@host",
        f"redis://:1{SECRET}#more@host",
        f"redis://:12/{SECRET}@host",
        f"redis://:{SECRET}@host:port",
        f"redis://:{SECRET}@host:0",
        f"redis://:{SECRET}@host/zero",
        f"redis://:{SECRET}@host/0/1",
        f"redis://:{SECRET}@host?db={SECRET}",
        f"redis://:{SECRET}@host?ssl_ca_certs=x",
        f"rediss://:{SECRET}@host?ssl_cert_reqs=none",
        f"redis://:{SECRET}@ho st",
        f"redis://:{SECRET}@host\n",
        f"redis://:{SECRET}@[::1",
        f"unix://:{SECRET}@host/run/redis.sock",
        f"unix://:{SECRET}@/",
        f"unix://:{SECRET}@/run/redis.sock?db=a",
        f"unix://:{SECRET}@/run/redis.sock?password={SECRET}",
        f"some/where://:{SECRET}@host",
    ],
)
def test_an_invalid_address_is_reported_without_its_text(text: str) -> None:
    with pytest.raises(ConfigError, match="VT_STATE") as caught:
        redis_address(text)
    assert SECRET not in caught.value.message
    assert caught.value.__cause__ is None


def test_the_settings_do_not_show_it_either() -> None:
    assert SECRET not in repr(Settings(state=f"redis://:{SECRET}@host"))


@pytest.mark.parametrize(
    ("text", "open_"),
    [
        ("redis://redis.example", True),
        ("rediss://redis.example", False),
        ("redis://127.0.0.1", False),
        ("redis://localhost", False),
        ("redis://[::1]", False),
        ("unix:///run/redis.sock", False),
    ],
)
def test_unencrypted_connections_are_recognised(text: str, open_: bool) -> None:
    address = redis_address(text)
    assert address is not None
    assert address.is_in_the_open is open_
