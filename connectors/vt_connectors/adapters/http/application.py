"""The WSGI application: finds the face of a call, checks call and caller, and notes what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, Protocol

from ...clock import Clock
from ...errors import internal_error
from .body_limits import MOST_UPLOAD_BYTES, most_bytes, names_its_client_in_the_body
from .callers import Caller, Tokens
from .defence import METHODS, Defence
from .face import Face, QuickFace
from .messages import Call, Note, Ready, Refused, Reply
from .own_keys import FORM_OF_KEY, TokensOrKeys
from .replies import sent
from .token_text import without_secrets

_ANYBODY = Caller("", frozenset())
REQUEST_ID = "X-Vtaction-Request-Id"


class Watcher(Protocol):
    """Gets each reply: the audit log, and the metrics."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be told of a reply without waiting."""

    def began(self, call: Call) -> None:
        """The call is about to be answered."""

    def replied(
        self, call: Call, caller: Caller | None, reply: Reply, refused: Refused | None, sent_bytes: int, took_s: float
    ) -> None:
        """The reply is about to be sent; a body that is made while it is sent is over.

        `refused`: the server itself refused the call. `sent_bytes`: of the body.
        """

    def answered_line(self, call: Call, caller: Caller, note: Note) -> None:
        """A single request of a batch was answered, before `replied` for the whole call."""


class Application:
    """`faces`: by the beginning of the path; the first that fits answers."""

    def __init__(
        self,
        faces: Mapping[str, Face],
        tokens: Tokens,
        defence: Defence,
        clock: Clock,
        watchers: Sequence[Watcher] = (),
        most_upload_bytes: int = MOST_UPLOAD_BYTES,
        quick: QuickFace | None = None,
    ) -> None:
        """`quick`: the one of `faces` that knows some replies at once."""
        self._faces = faces
        self._quick = quick
        self._tokens = tokens
        self._defence = defence
        self._clock = clock
        self._watchers = watchers
        self._most_upload_bytes = most_upload_bytes
        self.is_stopping = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        call, began = call_of(environ), self._clock.monotonic()
        self._tell_begin(call)
        reply, caller, refused = self._answered(call)

        def tell(sent_bytes: int) -> None:
            self._tell(call, caller, reply, refused, sent_bytes, self._clock.monotonic() - began)

        return sent(reply, start_response, tell, (REQUEST_ID, call.id), has_body=call.method != "HEAD")

    def at_once(self, call: Call) -> Ready | None:
        """The reply to a call that needs no thread, because nothing has to be waited for; None for others.

        Never raises. A call that is refused is not answered here.
        """
        if self._quick is None or self.is_stopping or self._face_of(call) is not self._quick:
            return None
        began = self._clock.monotonic()
        try:
            caller = self._checked(call, self._quick)
            reply = self._quick.at_once(call, caller) if caller is not None else None
        except Refused:
            return None
        except Exception:
            internal_error()
            return None
        if reply is None or not all(watcher.is_ready for watcher in self._watchers):
            return None
        self._tell_begin(call)
        whole = reply.with_headers((REQUEST_ID, call.id))

        def tell(sent_bytes: int) -> None:
            self._tell(call, caller, whole, None, sent_bytes, self._clock.monotonic() - began)

        return Ready(whole, tell)

    def most_bytes(self, call: Call) -> int:
        """The size of the largest body of a call, of which only the head is known. Raises `Refused`."""
        caller: Caller | None = None
        if names_its_client_in_the_body(call):
            self._defence.check(call)
        else:
            caller = self._checked(call, self._face_of(call))
        return most_bytes(call, caller, self._most_upload_bytes)

    def refuse(self, call: Call, refused: Refused) -> Reply:
        """The reply to a call whose body is not accepted, or that cannot be understood."""
        self._tell_begin(call)
        reply = _refusal(self._face_of(call), refused).with_headers((REQUEST_ID, call.id))
        self._tell(call, None, reply, refused, len(reply.body) if isinstance(reply.body, bytes) else 0, 0.0)
        return reply

    def _answered(self, call: Call) -> tuple[Reply, Caller | None, Refused | None]:
        face = self._face_of(call)
        caller: Caller | None = None
        try:
            caller = self._checked(call, face)
            return face.answer(call, caller or _ANYBODY), caller, None
        except Refused as refused:
            return _refusal(face, refused), caller, refused
        except Exception:
            return face.refuse(Refused(500, "internal", internal_error().message)), caller, None

    def _checked(self, call: Call, face: Face) -> Caller | None:
        """The caller; None if the call needs no token. Raises `Refused`."""
        self._defence.check(call)
        if face.is_open(call):
            return None
        if self.is_stopping:
            raise Refused(503, "stopping", "the server is stopping", (("Retry-After", "5"),))
        return self._caller(call, face)

    def _face_of(self, call: Call) -> Face:
        for begins, face in self._faces.items():
            if call.path.startswith(begins):
                return face
        return self._faces[""]

    def _caller(self, call: Call, face: Face) -> Caller:
        token = face.token_of(call)
        if token is None:
            raise Refused(401, "no_token", "a token is needed: Authorization: Bearer TOKEN", _CHALLENGE)
        caller = self._tokens.find(token)
        if caller is None:
            raise Refused(401, "wrong_token", f"the token is not known to this server{self._or_key()}", _CHALLENGE)
        return caller

    def _or_key(self) -> str:
        accepts_keys = isinstance(self._tokens, TokensOrKeys)
        return f", and it is no VirusTotal key, which has {FORM_OF_KEY}" if accepts_keys else ""

    def answered_line(self, call: Call, caller: Caller, note: Note) -> None:
        """A single request of a batch was answered, while the reply is sent."""
        for watcher in self._watchers:
            watcher.answered_line(call, caller, note)

    def _tell_begin(self, call: Call) -> None:
        for watcher in self._watchers:
            watcher.began(call)

    def _tell(
        self, call: Call, caller: Caller | None, reply: Reply, refused: Refused | None, sent_bytes: int, took_s: float
    ) -> None:
        for watcher in self._watchers:
            watcher.replied(call, caller, reply, refused, sent_bytes, took_s)


def _refusal(face: Face, refused: Refused) -> Reply:
    """With `Allow`, which HTTP demands (RFC 9110, 15.5.6), if the face did not say which methods the path has."""
    # A client may have sent a token or a key as a name, or in a path.
    message = without_secrets(refused.message)
    reply = face.refuse(Refused(refused.status, refused.reason, message, refused.headers, refused.path))
    is_complete = reply.status != 405 or any(name == "Allow" for name, _ in reply.headers)
    return reply if is_complete else reply.with_headers(("Allow", ", ".join(METHODS)))


_CHALLENGE = (("WWW-Authenticate", "Bearer"),)


def call_of(environ: Mapping[str, Any]) -> Call:
    """The call of a WSGI environment, from waitress. The path is the one that was sent, not the decoded one."""
    path, _, query = str(environ["REQUEST_URI"]).partition("?")
    headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if name in environ:
            headers[name.replace("_", "-").lower()] = str(environ[name])
    length = int(environ.get("CONTENT_LENGTH") or 0)
    remote = str(environ.get("REMOTE_ADDR") or "")
    body, is_gone = environ["wsgi.input"], environ["waitress.client_disconnected"]
    return Call.new(str(environ["REQUEST_METHOD"]), path, query, headers, body, length, remote, is_gone)
