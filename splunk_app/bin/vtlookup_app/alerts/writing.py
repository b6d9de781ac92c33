"""Verdicts on their way to the index: by the app's endpoint, as an alert's owner need not have the right to write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import ConfigError, ConnectorError, Unavailable

from ..broker.limits import MAY_LOOK_UP, VERDICTS
from ..splunkd import Splunkd


def write_verdicts(splunkd: Splunkd, events: Sequence[Mapping[str, Any]], index: str, source: str) -> None:
    """Raises `ConnectorError`: nothing is written, or the message says how much."""
    from splunklib.binding import AuthenticationError, HTTPError

    if not events:
        return
    document = {"source": source or "vt_lookup", "events": list(events), **({"index": index} if index else {})}
    try:
        splunkd.post(VERDICTS, document)
    except AuthenticationError:
        raise ConfigError("splunkd does not accept this alert's session, so its verdicts cannot be written") from None
    except HTTPError as error:
        raise _refused(error.status, error.body) from None
    except OSError as error:
        raise Unavailable(f"splunkd could not be reached for {VERDICTS} ({type(error).__name__})") from None
    except (ValueError, LookupError, TypeError):
        raise Unavailable(f"the answer of splunkd's {VERDICTS} was not understood") from None


def _refused(status: int, body: bytes) -> ConnectorError:
    try:
        told = str(json.loads(body)["error"])
    except (ValueError, LookupError, TypeError):
        if status == 403:
            return ConfigError(
                f"you may not write verdicts: your role needs the capability {MAY_LOOK_UP}, as the role vtlookup_user "
                "has it; ask your admin"
            )
        return Unavailable(f"splunkd's {VERDICTS} did not answer (HTTP {status})")
    return ConfigError(told) if status < 500 else Unavailable(told)
