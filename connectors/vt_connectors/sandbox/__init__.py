"""A stand-in for VirusTotal's API on loopback, for tests and demonstrations without an account.

The path of a request: http_server, app (key, quota, log), routes, a handler in `v3/` or `v2/`, and the stores in state.
Only http_server uses sockets.
"""

from .accounts import EVERY_LICENCE as EVERY_LICENCE
from .accounts import Licence as Licence
from .app import SandboxApp as SandboxApp
from .faults import Fault as Fault
from .http.server import SandboxServer as SandboxServer
from .quotas import Quota as Quota
from .request_log import Charge as Charge
from .request_log import LoggedRequest as LoggedRequest
from .state import SandboxConfig as SandboxConfig
