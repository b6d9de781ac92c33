"""The SDK's command `soarapps`, which downloads all wheels at once: here a few at a time, and each with more time.

It runs in the SDK's environment.
"""

import asyncio
from typing import Any

import httpx
from soar_sdk.cli.cli import app

_AT_ONCE = asyncio.Semaphore(4)
_DOWNLOAD_S = 180.0


class _Client(httpx.AsyncClient):
    async def get(self, url: Any, **options: Any) -> httpx.Response:
        async with _AT_ONCE:
            return await super().get(url, **{**options, "timeout": _DOWNLOAD_S})


httpx.AsyncClient = _Client

if __name__ == "__main__":
    app()
