"""Calls with `requests` that look for no proxies in the environment, which takes longer than many an answer."""

from __future__ import annotations

from typing import Any

import requests


def call(method: str, url: str, **rest: Any) -> requests.Response:
    """As `requests.request`: over a connection of its own."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, **rest)
