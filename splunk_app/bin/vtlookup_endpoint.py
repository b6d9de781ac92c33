"""The app's REST endpoints. splunkd starts this file and passes requests to its handlers, one after another."""

import os
import sys
from pathlib import Path

# For the package `vtlookup_app`, whose module `libraries` adds the libraries.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from vtlookup_app.libraries import put_first

put_first()

from vt_connectors.clock import SystemClock  # noqa: E402
from vtlookup_app.endpoint.base import answered  # noqa: E402
from vtlookup_app.endpoint.lookup import LookUpEndpoint  # noqa: E402
from vtlookup_app.endpoint.shared_core import SharedCore  # noqa: E402
from vtlookup_app.endpoint.verdicts import VerdictsEndpoint  # noqa: E402
from vtlookup_app.limits import MAY_ADMINISTER, MAY_LOOK_UP  # noqa: E402
from vtlookup_app.setup.endpoints import ChecksEndpoint, SettingsEndpoint  # noqa: E402

try:
    from splunk.persistconn.application import PersistentServerConnectionApplication as Application
except ImportError:  # only Splunk has it

    class Application:  # type: ignore[no-redef]
        """A base class in place of Splunk's own."""


_APP = Path(__file__).resolve().parent.parent
_CLOCK = SystemClock()
# All handlers of this process share one core.
_SHARED = SharedCore(_APP, os.environ, _CLOCK)


class LookUp(Application):  # type: ignore[misc]
    """Looks up indicators with the key that splunkd stores."""

    _endpoint = LookUpEndpoint(_SHARED, _CLOCK)

    def __init__(self, command_line: object = None, command_arg: object = None) -> None:
        super().__init__()

    def handle(self, in_string: "str | bytes") -> dict[str, object]:
        """The reply to the request that splunkd passes as JSON."""
        return self._endpoint.handle(in_string)


class Settings(Application):  # type: ignore[misc]
    """Shows and stores the settings, for the setup page."""

    _endpoint = SettingsEndpoint(_SHARED)

    def __init__(self, command_line: object = None, command_arg: object = None) -> None:
        super().__init__()

    def handle(self, in_string: "str | bytes") -> dict[str, object]:
        """The reply to the request that splunkd passes as JSON."""
        return answered(in_string, self._endpoint.answer, MAY_ADMINISTER, ("GET", "POST"))


class Checks(Application):  # type: ignore[misc]
    """Tests the connection to VirusTotal, for the setup page."""

    _endpoint = ChecksEndpoint(_SHARED)

    def __init__(self, command_line: object = None, command_arg: object = None) -> None:
        super().__init__()

    def handle(self, in_string: "str | bytes") -> dict[str, object]:
        """The reply to the request that splunkd passes as JSON."""
        return answered(in_string, self._endpoint.answer, MAY_ADMINISTER)


class Verdicts(Application):  # type: ignore[misc]
    """Writes verdicts on an alert's indicators to an index."""

    _endpoint = VerdictsEndpoint(_SHARED, _CLOCK)

    def __init__(self, command_line: object = None, command_arg: object = None) -> None:
        super().__init__()

    def handle(self, in_string: "str | bytes") -> dict[str, object]:
        """The reply to the request that splunkd passes as JSON."""
        return answered(in_string, self._endpoint.answer, MAY_LOOK_UP)
