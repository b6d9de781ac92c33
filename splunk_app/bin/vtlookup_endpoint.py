"""The app's REST endpoints: splunkd starts this file, and has its handlers answer one request after another."""

import os
import sys
from pathlib import Path

# Its other files; these know where the libraries are.
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
except ImportError:  # it exists inside Splunk alone

    class Application:  # type: ignore[no-redef]
        """What Splunk's own is for us: something to derive from."""


_APP = Path(__file__).resolve().parent.parent
_CLOCK = SystemClock()
# All handlers of this process share one core.
_SHARED = SharedCore(_APP, os.environ, _CLOCK)


class LookUp(Application):  # type: ignore[misc]
    """Looks up with the key that splunkd keeps."""

    _endpoint = LookUpEndpoint(_SHARED, _CLOCK)

    def __init__(self, command_line: object = None, command_arg: object = None) -> None:
        super().__init__()

    def handle(self, in_string: "str | bytes") -> dict[str, object]:
        """The reply to what splunkd passes, as JSON."""
        return self._endpoint.handle(in_string)


class Settings(Application):  # type: ignore[misc]
    """Shows and stores the settings, for the setup page."""

    _endpoint = SettingsEndpoint(_SHARED)

    def __init__(self, command_line: object = None, command_arg: object = None) -> None:
        super().__init__()

    def handle(self, in_string: "str | bytes") -> dict[str, object]:
        """The reply to what splunkd passes, as JSON."""
        return answered(in_string, self._endpoint.answer, MAY_ADMINISTER, ("GET", "POST"))


class Checks(Application):  # type: ignore[misc]
    """Looks whether VirusTotal can be asked, for the setup page."""

    _endpoint = ChecksEndpoint(_SHARED)

    def __init__(self, command_line: object = None, command_arg: object = None) -> None:
        super().__init__()

    def handle(self, in_string: "str | bytes") -> dict[str, object]:
        """The reply to what splunkd passes, as JSON."""
        return answered(in_string, self._endpoint.answer, MAY_ADMINISTER)


class Verdicts(Application):  # type: ignore[misc]
    """Writes verdicts on what an alert met to an index."""

    _endpoint = VerdictsEndpoint(_SHARED, _CLOCK)

    def __init__(self, command_line: object = None, command_arg: object = None) -> None:
        super().__init__()

    def handle(self, in_string: "str | bytes") -> dict[str, object]:
        """The reply to what splunkd passes, as JSON."""
        return answered(in_string, self._endpoint.answer, MAY_LOOK_UP)
