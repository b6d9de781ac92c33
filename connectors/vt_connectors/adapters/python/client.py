"""VirusTotal for Python programs: `from vt_connectors import connect`. The documentation is `docs/python.md`."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

from ...actions.request_batch import BatchAnswers
from ...indicators import Kind
from ...quota.waiters import BATCH
from .concurrent_lookups import Batch
from .connecting import opening
from .connection import Connection
from .further_methods import FurtherMethods
from .options import CacheOptions, LookupOptions, WaitOptions, plain_value, read_options
from .other_answers import ActionAnswer, CommentList, PassiveDns, PostedComment
from .quota_report import QuotaReport
from .report_answers import Lookup, Report
from .scan_methods import ScanMethods

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ...contract.response import Response
    from .options import ConnectionSettings

SIDE_BY_SIDE = 8


def connect(api_key: str | None = None, **settings: Unpack[ConnectionSettings]) -> VirusTotal:
    """A connection with these settings. Other settings come from the environment and the configuration file.

    No request is sent, and the key is not read before the first request. Raises `ConfigError`.
    """
    return VirusTotal(opening({**settings, "api_key": api_key}))


class VirusTotal(ScanMethods, FurtherMethods):
    """A connection to VirusTotal, made by `connect`.

    Any thread may use it. A forked process may use it too: it gets a new connection with the same settings and the same
    shared state; with `state="memory"`, its cache and quota are empty.

    `not_found`, `pending` and `skipped` are answers. Failures raise a `ConnectorError` with `code`, `retryable` and
    `retry_after` (seconds). A closed connection raises `RuntimeError`; an unknown option raises `TypeError`.
    """

    def lookup(
        self,
        value: str,
        type: Kind | None = None,
        relationships: Iterable[str] | None = None,
        **options: Unpack[LookupOptions],
    ) -> Report:
        """VirusTotal's report on `value`. The type is recognised unless it is given. Costs one request if the report is
        not cached.

        `relationships`: names such as `resolutions`; the report has up to 20 objects of each.
        """
        params = {"value": value, "type": type, "relationships": relationships}
        return Report.from_dict(self._run("lookup", params, LookupOptions, options))

    def lookup_hash(
        self, hash: str, relationships: Iterable[str] | None = None, **options: Unpack[LookupOptions]
    ) -> Report:
        """VirusTotal's report on the file with this MD5, SHA-1 or SHA-256. `relationships`: see `lookup`."""
        params = {"hash": hash, "relationships": relationships}
        return Report.from_dict(self._run("lookup_hash", params, LookupOptions, options))

    def lookup_url(
        self,
        url: str,
        scan_if_missing: bool = False,
        relationships: Iterable[str] | None = None,
        **options: Unpack[LookupOptions],
    ) -> Report:
        """VirusTotal's report on a URL, which may be defanged. `scan_if_missing` submits an unknown URL for a public
        scan: if the scan does not end in time, the answer is `pending`, with `analysis_id`. `relationships`: see
        `lookup`.
        """
        params = {"url": url, "scan_if_missing": scan_if_missing or None, "relationships": relationships}
        return Report.from_dict(self._run("lookup_url", params, LookupOptions, options))

    def lookup_domain(
        self, domain: str, relationships: Iterable[str] | None = None, **options: Unpack[LookupOptions]
    ) -> Report:
        """VirusTotal's report on a domain. `relationships`: see `lookup`."""
        params = {"domain": domain, "relationships": relationships}
        return Report.from_dict(self._run("lookup_domain", params, LookupOptions, options))

    def lookup_ip(
        self, ip: str, relationships: Iterable[str] | None = None, **options: Unpack[LookupOptions]
    ) -> Report:
        """VirusTotal's report on an IPv4 or IPv6 address. `relationships`: see `lookup`."""
        params = {"ip": ip, "relationships": relationships}
        return Report.from_dict(self._run("lookup_ip", params, LookupOptions, options))

    def lookup_many(
        self,
        values: Iterable[str],
        kind: Kind | None = None,
        side_by_side: int = SIDE_BY_SIDE,
        **options: Unpack[LookupOptions],
    ) -> Generator[Lookup, None, None]:
        """Each value's `Lookup`, in the order of the answers, not of the values.

        `values` may be endless: at most `side_by_side` are taken ahead, in the thread that iterates. Without `kind`,
        the kind of each value is recognised. If a lookup fails, its `error` is set. Equal values cost one request in
        all. Leaving the loop, or `close()`, stops the lookups.
        """
        if isinstance(values, (str, bytes)):
            raise TypeError("values is a single value; put it into a list, or use lookup()")
        if side_by_side < 1:
            raise ValueError("side_by_side must be at least 1")
        how = read_options(LookupOptions, options)
        connection, answered = self._connection(), BatchAnswers()

        def look_up(value: str) -> Response:
            with connection.core() as core:
                return core.within(answered).look_up(kind, value, how, BATCH)

        def at_hand(value: str) -> Response | None:
            with connection.core() as core:
                values = [value] if isinstance(value, str) else []
                return core.look_up_at_hand(kind, values, how, BATCH, after_refusal=True).get(value)

        return _lookups(connection, Batch(look_up, at_hand, side_by_side, connection.clock), values)

    def add_comment(
        self, indicator: str, comment: str, type: Kind | None = None, **options: Unpack[CacheOptions]
    ) -> PostedComment:
        """Comment on an indicator, in public and under the account's name. Words that begin with # become tags.

        Sent once: if no response arrives, `OutcomeUnknown` is raised, and the comment may have been added.
        """
        params = {"indicator": indicator, "comment": comment, "type": type}
        return PostedComment.from_dict(self._run("add_comment", params, CacheOptions, options))

    def passive_dns(self, domain_or_ip: str, limit: int = 40, **options: Unpack[CacheOptions]) -> PassiveDns:
        """The addresses of a domain, or the domains at an address. One request for every 40 of `limit`."""
        from ...actions.passive_dns import indicator_of, params_of

        params: dict[str, Any] = {**params_of(domain_or_ip), "limit": limit}
        indicator_of(params)
        return PassiveDns.from_dict(self._run("passive_dns", params, CacheOptions, options))

    def get_comments(
        self, indicator: str, limit: int = 10, type: Kind | None = None, **options: Unpack[CacheOptions]
    ) -> CommentList:
        """The newest comments on an indicator."""
        params = {"indicator": indicator, "limit": limit, "type": type}
        return CommentList.from_dict(self._run("get_comments", params, CacheOptions, options))

    def quota(self, usage_days: int | None = None, **options: Unpack[WaitOptions]) -> QuotaReport:
        """The key's quota: our own record, and the account's figures. VirusTotal does not count the request.

        `usage_days`: also the use by endpoint of the last 1 to 30 days, today included.
        """
        return QuotaReport.from_dict(self._run("quota", {"usage_days": usage_days}, WaitOptions, options))

    def run(self, action: str, /, **given: Any) -> ActionAnswer:
        """Any action by its name, also one without a method here: `run("get_comments", indicator="8.8.8.8")`.

        Keywords are the action's parameters (`vtaction describe` lists them) and the options of a lookup (`cache`,
        `max_age_s`, `max_wait_s`, `include`, `thresholds`); None values are ignored. Raises `UnknownAction`,
        `InvalidRequest` for an unknown parameter, and `TypeError` if `private` is None: ignored, it would make a file
        public.
        """
        if given.get("private", False) is None:
            raise TypeError("private is True or False")
        known: frozenset[str] = LookupOptions.__optional_keys__
        params = {name: plain_value(value) for name, value in given.items() if name not in known}
        options = {name: value for name, value in given.items() if name in known}
        return ActionAnswer.from_dict(self._run(action, params, LookupOptions, options))


def _lookups(connection: Connection, batch: Batch, values: Iterable[str]) -> Generator[Lookup, None, None]:
    with connection.working_on(batch):
        for value, response in batch.answers(values):
            yield Lookup.from_dict(value, response)
        connection.end_batch()
