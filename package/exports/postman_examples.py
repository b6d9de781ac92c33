"""Example responses for the Postman collection, from the sandbox, requested in the collection's order."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from typing import Any, Callable
from urllib.parse import urlsplit

from package.exports.example_requests import ENVIRONMENT, ExampleRequest
from package.spl.build_error import BuildError
from vt_connectors.api_key import ApiKey
from vt_connectors.sandbox import EVERY_LICENCE, Quota, SandboxApp, SandboxConfig
from vt_connectors.sandbox.http.messages import Request, Response
from vt_connectors.virustotal.http.authentication import with_key
from vt_connectors.virustotal.http.multipart import MultipartBody
from vt_connectors.virustotal.http.transport import Upload

SAMPLE_NAME, SAMPLE = "sample.txt", b"A harmless file to try uploads with.\n"
_NOW = 1_760_000_000.0
_KEY, _WRONG_KEY = "sandbox", "wrong-key"
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")
# Upload URLs differ each time, so the examples show this as their last part.
_TICKET = "good-for-one-upload"

Example = tuple[str, Response]


class Examples:
    """Responses to requests, in order, because a request may need a value from an earlier response."""

    def __init__(self) -> None:
        config = SandboxConfig(queued_s=0, completed_s=0, private_keys=True, licences=EVERY_LICENCE)
        self._app = SandboxApp(Quota.unlimited(), _clock, config, ENVIRONMENT["base_url"])
        self._spent = SandboxApp(Quota(windows=((0, 60.0),)), _clock, config, ENVIRONMENT["base_url"])
        self._variables = dict(ENVIRONMENT, api_key=_KEY)
        url = ENVIRONMENT["url"].encode()
        self._variables["url_base64"] = base64.urlsafe_b64encode(url).rstrip(b"=").decode()

    def of(self, asked: ExampleRequest) -> list[Example]:
        """Responses by name: normal, unknown, out of quota, wrong key. BuildError if the normal one fails."""
        ask: Callable[..., Response] = self._ask
        # Before the normal one, because the upload URL is valid only once.
        wrong = ask(asked, self._app, key=_WRONG_KEY)
        found = ask(asked, self._app)
        if found.status != 200:
            raise BuildError(f"the sandbox answers {asked.name!r} ({asked.endpoint.path}) with {found.status}")
        self._learn(asked, found)
        examples = [("Answered", _without_ticket(found))]
        if asked.missing:
            examples.append(("Unknown", ask(asked, self._app, values=asked.missing)))
        if asked.endpoint.counted:
            examples.append(("Out of quota", ask(asked, self._spent)))
        return [*examples, ("Wrong key", wrong)]

    def _ask(
        self, asked: ExampleRequest, app: SandboxApp, values: Mapping[str, str] | None = None, key: str = _KEY
    ) -> Response:
        self._variables["api_key"] = key
        told = {name: self._filled(value) for name, value in (asked.values if values is None else values).items()}
        endpoint = asked.endpoint.at(self._filled(asked.address)) if asked.address else asked.endpoint
        upload = Upload(SAMPLE_NAME, len(SAMPLE), io.BytesIO(SAMPLE).read) if endpoint.file else None
        request = endpoint.request(ENVIRONMENT["base_url"], told, upload)
        keyed = with_key(request, ApiKey(key))
        parts = urlsplit(keyed.url)
        headers = [("x-apikey", key)] if request.key == "header" else []
        headers += [("content-type", keyed.content_type)] if keyed.content_type else []
        body = keyed.body if isinstance(keyed.body, MultipartBody) else io.BytesIO(keyed.body or b"")
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return app.handle(Request.parse(request.method, target, headers, body))

    def _filled(self, text: str) -> str:
        return _VARIABLE.sub(lambda found: self._variables[found[1]], text)

    def _learn(self, asked: ExampleRequest, answer: Response) -> None:
        for name, path in asked.sets.items():
            value: Any = json.loads(answer.content)
            for part in path.split("."):
                value = value[part]
            self._variables[name] = str(value)


def _clock() -> float:
    return _NOW


def _without_ticket(answer: Response) -> Response:
    content = re.sub(rb'(/_ah/upload/(?:private/)?|/upload/)[^"/]+', rb"\1" + _TICKET.encode(), answer.content)
    return Response(answer.status, content, answer.content_type, answer.headers)
