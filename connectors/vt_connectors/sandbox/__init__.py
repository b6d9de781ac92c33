"""A stand-in for VirusTotal's API on loopback, for tests and demonstrations without an account.

A request goes: http_server, app (key, quota, log), routes, a handler in reading or writing (those of API v2 are in
the folder v2), and the books in state. Nothing below http_server knows of sockets.
"""

from .app import SandboxApp as SandboxApp
from .faults import Fault as Fault
from .http.server import SandboxServer as SandboxServer
from .quotas import Quota as Quota
from .request_log import Charge as Charge
from .request_log import LoggedRequest as LoggedRequest
from .state import SandboxConfig as SandboxConfig
