"""The state of a running sandbox, shared by all handlers."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from .accounts import GROUP, Licence, Licences, licences_of
from .analyses import AnalysisStore, Pace
from .comments import Comment, CommentStore, comment_object
from .data.catalogue import FileContents
from .data.dataset import Dataset
from .data.kinds import Item
from .data.objects import build_object
from .faults import Fault, check_shares
from .features import Feature, FeatureQuotas
from .http.messages import JsonObject
from .ioc_stream import IocStream
from .private_scans import PrivateScans
from .quotas import Allowance, Clock, Quota, QuotaCounters
from .storage import Storage
from .uploads import UploadTickets, UploadTimes
from .usage import Usage
from .votes import VoteStore
from .zips import ZipStore


@dataclass(frozen=True)
class SandboxConfig:
    """The behaviour of the sandbox, except quota and speed.

    `accepted_keys`: the only keys to accept; None accepts all that do not start with "wrong".
    `send_retry_after`: whether a 429 has a Retry-After.
    `queued_s`, `completed_s`: the age in seconds at which an analysis leaves the queue, and is completed.
    `direct_upload_limit`, `upload_limit`, `body_limit`: the most bytes of a body for POST /files, for an
    upload URL from GET /files/upload_url, and for everything else.
    `private_keys`: whether keys may make the calls that API v2 reserves for private keys.
    `stream_every_s`: a notification in the IoC stream each time that many seconds have passed; 0 for none.
    `searches`, `downloads`, `private_scans`: how many of each a month, for keys that have the licence.
    `licences`: what every key has, besides the licences that its first words name.
    `resubmit_s`: for how many seconds after an upload the same file is "already being submitted" (409).
    `faults`: the injected faults, ValueError if their shares exceed 1; the same sequence for the same `seed`.
    `slow_s`: the seconds that the body takes in a `slow` response.
    `exhausted`: the period whose quota is used up at the start, `day` or `month`; empty for none.
    """

    accepted_keys: frozenset[str] | None = None
    send_retry_after: bool = False
    queued_s: float = 2.0
    completed_s: float = 5.0
    direct_upload_limit: int = 32 * 1024 * 1024
    upload_limit: int = 650 * 1024 * 1024
    body_limit: int = 1024 * 1024
    private_keys: bool = False
    licences: Licences = frozenset()
    stream_every_s: float = 600.0
    searches: int = 300
    downloads: int = 300
    private_scans: int = 100
    resubmit_s: float = 0.0
    faults: tuple[Fault, ...] = ()
    seed: int | None = None
    slow_s: float = 30.0
    exhausted: str = ""

    def __post_init__(self) -> None:
        check_shares(self.faults)


@dataclass(frozen=True)
class Links:
    """URLs below `base`, such as `http://127.0.0.1:8080`; every segment is percent-encoded."""

    base: str

    def to(self, *segments: str) -> str:
        """A URL under /api/v3."""
        return f"{self.base}/api/v3/" + "/".join(quote(segment, safe="") for segment in segments)

    def to_item(self, item: Item, *more: str) -> str:
        """The URL of an object, or below it."""
        return self.to(item.kind.collection, item.id, *more)

    def to_upload(self, ticket: str) -> str:
        """The upload URL for a ticket."""
        return f"{self.base}/_ah/upload/{ticket}"

    def to_private_upload(self, ticket: str) -> str:
        """The private upload URL for a ticket."""
        return f"{self.base}/_ah/upload/private/{ticket}"

    def to_v2_upload(self, ticket: str) -> str:
        """Like `to_upload`, for API v2."""
        return f"{self.base}/vtapi/v2/file/scan/upload/{ticket}"


@dataclass(frozen=True)
class State:
    """The stores of one sandbox."""

    config: SandboxConfig
    clock: Clock
    links: Links
    quotas: QuotaCounters
    analyses: AnalysisStore
    stream: IocStream
    features: FeatureQuotas
    usage: Usage
    storage: Storage
    private_scans: PrivateScans
    zips: ZipStore
    dataset: Dataset = field(default_factory=Dataset)
    comments: CommentStore = field(default_factory=CommentStore)
    tickets: UploadTickets = field(default_factory=UploadTickets)
    private_tickets: UploadTickets = field(default_factory=UploadTickets)
    uploads: UploadTimes = field(default_factory=UploadTimes)
    votes: VoteStore = field(default_factory=VoteStore)
    contents: FileContents = field(default_factory=FileContents)

    def report(self, item: Item) -> JsonObject:
        """The current object of an item."""
        standing = self.analyses.standing(item, self.clock())
        return build_object(item, self.dataset.facts(item), standing, self.links.to_item(item))

    def comment(self, comment: Comment) -> JsonObject:
        """The object of a comment."""
        return comment_object(comment, self.links.to("comments", comment.id), self.comments.votes_on(comment.id))

    def licences(self, key: str) -> Licences:
        """What a key may do."""
        return licences_of(key, self.config.licences)

    def allowances(self, key: str) -> dict[str, Allowance]:
        """All quotas of a key by name."""
        return {**self.quotas.allowances(key), **self.features.allowances(key, self.licences(key))}


def new_state(config: SandboxConfig, clock: Clock, base_url: str, quota: Quota) -> State:
    """The state of a new sandbox; `quota` is that of each key or group."""

    def pool_of(key: str) -> str:
        return GROUP if Licence.GROUP in licences_of(key, config.licences) else key

    pace = Pace(config.queued_s, config.completed_s)
    stream = IocStream(clock, config.stream_every_s)
    allowed = {
        Feature.SEARCH: config.searches,
        Feature.DOWNLOAD: config.downloads,
        Feature.PRIVATE_SCAN: config.private_scans,
    }
    return State(
        config=config,
        clock=clock,
        links=Links(base_url),
        quotas=QuotaCounters(quota, clock, pool_of, exhausted=config.exhausted),
        analyses=AnalysisStore(pace),
        stream=stream,
        features=FeatureQuotas(allowed, clock, pool_of),
        usage=Usage(clock),
        storage=Storage(clock, base_url),
        private_scans=PrivateScans(pace),
        zips=ZipStore(pace),
    )
