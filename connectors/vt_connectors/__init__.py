"""VirusTotal for security automation: one cache and one quota shared by all processes.

    from vt_connectors import connect

    with connect() as vt:
        print(vt.lookup_hash("44d88612fea8a8f36de82e1278abb02f").verdict)

The path of a request: adapter, action, indicator, cache, quota, VirusTotal, verdict, and back to the adapter.
"""

# The wheel, the Splunk app and `vtaction --version` take it from here.
__version__ = "1.0.0"

TYPE_CHECKING = False  # as the library `typing` has it, which takes long to import

if TYPE_CHECKING:
    from .adapters.python.answers import (
        AnalysisStatus,
        Answer,
        AnswerStatus,
        Engine,
        Judged,
        Stats,
    )
    from .adapters.python.behaviour_answers import (
        Activity,
        Behaviour,
        DnsLookup,
        DroppedFile,
        HttpRequest,
        NetworkConnection,
        RegistryValue,
        Technique,
    )
    from .adapters.python.client import VirusTotal, connect
    from .adapters.python.community_answers import (
        ApiResponse,
        DeletedComment,
        PostedVote,
        SingleComment,
        Vote,
        VoteList,
    )
    from .adapters.python.other_answers import (
        ActionAnswer,
        Analysis,
        Comment,
        CommentList,
        PassiveDns,
        PostedComment,
        Resolution,
    )
    from .adapters.python.quota_report import (
        AccountQuota,
        DayUse,
        EndpointUse,
        QuotaPool,
        QuotaReport,
        QuotaWindow,
        UsageReport,
    )
    from .adapters.python.related_answers import IocStream, Notification, RelatedObject, Relationships, SearchResults
    from .adapters.python.report_answers import Lookup, Report, Votes
    from .adapters.python.sample_answers import DownloadedFile, PrivateReport
    from .contract.documents import Source, Verdict
    from .errors import (
        AccessDenied,
        Cancelled,
        ConfigError,
        Conflict,
        ConnectorError,
        Forbidden,
        Internal,
        InvalidIndicator,
        InvalidRequest,
        InvalidResponse,
        OutcomeUnknown,
        RateLimited,
        RequestTimeout,
        TooLarge,
        Unavailable,
        UnknownAction,
        UnsupportedVersion,
    )
    from .indicators import Kind
else:
    # Names are loaded on first use, so that `import vt_connectors` is fast and works without the adapters. Hidden from
    # type checkers, which would accept any name otherwise.
    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        from .light_typing import as_in_typing

        modules = (import_module(home, __name__) for home in _HOMES)
        found = as_in_typing(next(getattr(module, name) for module in modules if hasattr(module, name)))
        globals()[name] = found
        return found

    def __dir__() -> list:
        return sorted({*globals(), *__all__})


# The core's modules first, because a package without the adapters has them.
_HOMES = (
    ".errors",
    ".indicators",
    ".contract.documents",
    ".adapters.python.answers",
    ".adapters.python.report_answers",
    ".adapters.python.other_answers",
    ".adapters.python.quota_report",
    ".adapters.python.client",
    ".adapters.python.related_answers",
    ".adapters.python.behaviour_answers",
    ".adapters.python.community_answers",
    ".adapters.python.sample_answers",
)

__all__ = [
    "AccessDenied",
    "AccountQuota",
    "ActionAnswer",
    "Activity",
    "Analysis",
    "AnalysisStatus",
    "Answer",
    "AnswerStatus",
    "ApiResponse",
    "Behaviour",
    "Cancelled",
    "Comment",
    "CommentList",
    "ConfigError",
    "Conflict",
    "ConnectorError",
    "DayUse",
    "DeletedComment",
    "DnsLookup",
    "DownloadedFile",
    "DroppedFile",
    "EndpointUse",
    "Engine",
    "Forbidden",
    "HttpRequest",
    "Internal",
    "InvalidIndicator",
    "InvalidRequest",
    "InvalidResponse",
    "IocStream",
    "Judged",
    "Kind",
    "Lookup",
    "NetworkConnection",
    "Notification",
    "OutcomeUnknown",
    "PassiveDns",
    "PostedComment",
    "PostedVote",
    "PrivateReport",
    "QuotaPool",
    "QuotaReport",
    "QuotaWindow",
    "RateLimited",
    "RegistryValue",
    "RelatedObject",
    "Relationships",
    "Report",
    "RequestTimeout",
    "Resolution",
    "SearchResults",
    "SingleComment",
    "Source",
    "Stats",
    "Technique",
    "TooLarge",
    "Unavailable",
    "UnknownAction",
    "UnsupportedVersion",
    "UsageReport",
    "Verdict",
    "VirusTotal",
    "Vote",
    "VoteList",
    "Votes",
    "__version__",
    "connect",
]
