"""A response as the line that goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import strict_json

if TYPE_CHECKING:
    from ...contract.response import Response

# For when there is not even memory for an answer.
NO_MEMORY = (
    b'{"v":1,"id":null,"action":null,"status":"error","summary":"error: out of memory","data":null,"error":{"code":'
    b'"internal","message":"out of memory","retryable":false,"retry_after_s":null,"http_status":null,"vt_code":null,'
    b'"details":{}},"meta":{"source":null,"fetched_at":null,"age_s":null,"requests":0,"waited_s":0.0,"quota":{},'
    b'"duration_ms":0,"version":""}}\n'
)


def bytes_of(response: Response) -> bytes:
    """Raises `ValueError`, `TypeError` or `RecursionError` for what is no JSON."""
    return strict_json.dumps(response).encode("ascii") + b"\n"
