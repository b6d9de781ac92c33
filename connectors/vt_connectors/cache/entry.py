"""A cached answer in its stored form, and the port of the stores."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable

from ..light_typing import Any, Literal, NamedTuple, Protocol
from ..state import checksum

# Bytes. Below this, unpacking would take as long as reading. The entry of an unknown indicator has a third of it.
_WORTH_COMPRESSING = 400
# The first byte of an entry that is not packed; a packed entry begins with zlib's "x".
_PLAIN = b"="

# Bytes. A response of VirusTotal has 16 MiB at most, and an entry some KB. A larger entry is damage, or was stored to
# fill the memory of its readers.
MAX_STORED_BYTES = 8 * 1024 * 1024
_MAX_PLAIN_BYTES = 20 * 1024 * 1024
# Reports are packed to a fifth to a twentieth.
_MOST_UNPACKED, _LEAST_LIMIT = 100, 64 * 1024
_MAX_DEPTH = 100
# Each takes up to 230 bytes of memory, and two in the JSON.
_MAX_VALUES = 1_000_000
_CONTAINERS = (dict, list)

# zlib's preset dictionary for entries: what most cached reports contain. Without it, the names of the engines would
# more than double an entry. An entry can be unpacked only with the dictionary that it was packed with: after a change,
# earlier entries cannot be read and are asked again.

# Engines in VirusTotal's reports of 2019 to 2026, in the order that a report has them in. Names that are missing here
# are stored all the same.
_OF_WEB_OBJECTS = (
    b"0xSI_f33d|ADMINUSLabs|AILabs (MONITORAPP)|Abusix|Acronis|AlienVault|AlphaSOC|Antiy-AVL|"
    b"ArcSight Threat Intelligence|Artists Against 419|AutoShun|Avira|Axur|BADWARE.INFO|Baidu-International|"
    b"Bfore.Ai PreCrime|BitDefender|Bkav|BlockList|Blueliv|CINS Army|CLEAN MX|CMC Threat Intelligence|CRDF|"
    b"CSIS Security Group|Certego|Chong Lua Dao|Cluster25|Comodo Valkyrie Verdict|Criminal IP|CyRadar|Cyan|"
    b"CyberCrime|Cyble|DNS8|Dr.Web|ESET|ESTsecurity|EmergingThreats|Emsisoft|EonScope|Ermes|Feodo Tracker|"
    b"Forcepoint ThreatSeeker|Fortinet|FraudScore|G-Data|GCP Abuse Intelligence|Google Safebrowsing|GreenSnow|"
    b"Gridinsoft|Heimdal Security|Hoplite Industries|Hunt.io Intelligence|IPsum|Juniper Networks|K7AntiVirus|"
    b"Kaspersky|Lionic|Lumu|MalSilo|Malware Domain Blocklist|MalwareDomainList|MalwarePatrol|MalwareURL|Malwared|"
    b"Mimecast|Netcraft|NotMining|Nucleon|OpenPhish|PREBYTES|PhishFort|PhishLabs|Phishing Database|Phishtank|"
    b"PrecisionSec|Quick Heal|Quttera|Rising|SCUMWARE.org|SOCRadar|SafeToOpen|Sangfor|Sansec eComscan|Scantitan|"
    b"Seclookup|SecureBrain|Segasec|Snort IP sample list|Sophos|Spam404|Spamhaus|StopBadware|StopForumSpam|"
    b"Sucuri SiteCheck|Tencent|ThreatHive|Threatsourcing|Trustwave|URLQuery|URLhaus|Underworld|VIPRE|VX Vault|"
    b"Viettel Threat Intelligence|ViriBack|Virusdie External Site Scan|Web Security Guard|Webroot|"
    b"Xcitium Verdict Cloud|Yandex Safebrowsing|ZeroCERT|ZeroFox|alphaMountain.ai|benkow.cc|desenmascara.me|"
    b"malwares.com URL checker|securolytics|zvelo"
)
_OF_FILES = (
    b"ALYac|APEX|AVG|Acronis|Ad-Aware|AegisLab|AhnLab-V3|Alibaba|Antiy-AVL|Arcabit|Avast|Avast-Mobile|Avira|Baidu|"
    b"BitDefender|BitDefenderFalx|BitDefenderTheta|Bkav|CAT-QuickHeal|CMC|ClamAV|Comodo|CrowdStrike|Cybereason|"
    b"Cylance|Cynet|Cyren|DeepInstinct|DrWeb|ESET-NOD32|Elastic|Emsisoft|Endgame|F-Prot|F-Secure|FireEye|Fortinet|"
    b"GData|Google|Gridinsoft|Ikarus|Invincea|Jiangmin|K7AntiVirus|K7GW|Kaspersky|Kingsoft|Lionic|MAX|"
    b"Malwarebytes|MaxSecure|McAfee|McAfee-GW-Edition|McAfeeD|MicroWorld-eScan|Microsoft|NANO-Antivirus|Paloalto|"
    b"Panda|Qihoo-360|Rising|SUPERAntiSpyware|Sangfor|SentinelOne|Skyhigh|Sophos|Symantec|SymantecMobileInsight|"
    b"TACHYON|Tencent|Trapmine|TrendMicro|TrendMicro-HouseCall|Trustlook|VBA32|VIPRE|Varist|ViRobot|VirIT|Webroot|"
    b"Xcitium|Yandex|Zillya|ZoneAlarm|Zoner|alibabacloud|eGambit|huorong|tehtris"
)
# The more common, the later.
_FORMS = (
    b'"label":"trojan.","names":["categories":["registrar":"created":"country":"asn":"owner":"network":'
    b'"final_url":"https://","title":"url":"http://"hashes":{"md5":"","sha1":"","sha256":""},"size":,'
    b'"file_type":"Win32 EXE","link":"https://www.virustotal.com/gui/file/domain/ip-address/url/'
    b'"harmless":0,"undetected":0,"total":0},"reputation":0,"votes":{"harmless":0,"malicious":0},"tags":["peexe"],'
    b'"first_seen":"20","last_analysis":"20'
    b'"Trojan.Win32.Generic","Malicious","malware","phishing","malicious"},"opinions":{"malicious":{"suspicious":{"}},'
    b'"harmless":"","undetected":"["ok",{"type":"hash","indicator":"","id":"","stats":{"malicious":0,"suspicious":0,'
)
DICTIONARY = b"|".join((_OF_WEB_OBJECTS, _OF_FILES)) + _FORMS

_decode = json.JSONDecoder().raw_decode

Found = Literal["ok", "not_found"]
# Flags that follow the other parts of an entry if they are set, in the order of its fields.
_MARKS = ("awaits_scan", "is_copy")
COPY = "copy"


class Entry(NamedTuple):
    """`report` has the shape of `verdict.report`, without the verdict, because each reader has its own thresholds.

    `fetched_at`: epoch seconds. `awaits_scan`: a newer report is expected. `is_copy`: a copy under another name of the
    same object, which is neither listed nor counted. Only answers are entries; errors are never stored.
    """

    status: Found
    report: dict[str, Any]
    fetched_at: float
    awaits_scan: bool = False
    is_copy: bool = False

    @property
    def listed_as(self) -> str:
        """Its status, or that it is a copy."""
        return COPY if self.is_copy else self.status

    @property
    def expires(self) -> str | None:
        """When VirusTotal deletes the object (ISO, UTC), if it says so: afterwards the answer must not be used."""
        found = self.report.get("expires")
        return found if isinstance(found, str) else None

    @property
    def is_fleeting(self) -> bool:
        """Whether it may change soon: nothing is known, there are no engine results yet, or a scan is running."""
        stats = self.report.get("stats")
        has_no_opinion = isinstance(stats, dict) and stats.get("total") == 0
        return self.awaits_scan or self.status == "not_found" or has_no_opinion

    def has(self, parts: Iterable[str]) -> bool:
        """Whether the entry has all `parts` of its report (such as `raw`). An unknown indicator has none to miss."""
        return self.status == "not_found" or all(part in self.report for part in parts)

    def without(self, parts: Collection[str]) -> Entry:
        """This entry without these parts of its report; itself if it has none of them."""
        if not any(part in self.report for part in parts):
            return self
        return self._replace(report={name: value for name, value in self.report.items() if name not in parts})

    def to_bytes(self) -> bytes:
        """Raises `TooLargeToKeep`."""
        marks = [mark for mark in _MARKS if getattr(self, mark)]
        parts = [self.status, self.report, self.fetched_at, *marks]
        text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
        plain = text.encode("utf-8", "surrogatepass")
        if len(plain) < _WORTH_COMPRESSING:
            return b"%b%b%b" % (_PLAIN, checksum(plain), plain)
        packing = zlib.compressobj(zdict=DICTIONARY)
        packed = packing.compress(plain) + packing.flush()
        if len(packed) > MAX_STORED_BYTES or len(plain) > _limit(packed) or _has_too_much(plain, self.report):
            raise TooLargeToKeep(f"an answer of {len(plain)} bytes is not cached")
        return packed

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """Raises `ValueError` for anything that `to_bytes` did not write."""
        if len(data) > MAX_STORED_BYTES:
            raise ValueError(f"not a cache entry: it has {len(data)} bytes")
        try:
            plain = _checked(data) if data[:1] == _PLAIN else unpacked_text(data)
            if _values(plain) > _MAX_VALUES:
                raise ValueError("not a cache entry: it has too many values")
            text = plain.decode("utf-8", "surrogatepass")
            (status, report, fetched_at, *marks), end = _decode(text)
            if end < len(text):
                raise ValueError("not a cache entry: something follows it")
            fetched_at = float(fetched_at)
        except (zlib.error, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a cache entry: {error}") from error
        if status not in ("ok", "not_found") or not isinstance(report, dict):
            raise ValueError("not a cache entry")
        if is_deep(plain, report):
            raise ValueError("not a cache entry: it is nested too deeply")
        return cls(status, report, fetched_at, *map(marks.__contains__, _MARKS))


class TooLargeToKeep(ValueError):
    """The answer is used, and not cached."""


def _limit(packed: bytes) -> int:
    """How many bytes the unpacked form of `packed` may have."""
    return min(_MAX_PLAIN_BYTES, _LEAST_LIMIT + _MOST_UNPACKED * len(packed))


def unpacked_text(packed: bytes) -> bytes:
    """The JSON of a packed entry. Raises `ValueError` before more than the limit is in memory, and `zlib.error`."""
    # Earlier versions packed without a dictionary.
    unpacking = zlib.decompressobj(zdict=DICTIONARY)
    plain = unpacking.decompress(packed, _limit(packed) + 1)
    if len(plain) > _limit(packed):
        raise ValueError(f"not a cache entry: more than {_limit(packed)} bytes unpacked")
    if not unpacking.eof:
        raise ValueError("not a cache entry: it is cut off")
    return plain


def _has_too_much(plain: bytes, report: object) -> bool:
    return _values(plain) > _MAX_VALUES or is_deep(plain, report)


def _values(plain: bytes) -> int:
    """An upper bound of the number of values in this JSON."""
    return sum(plain.count(mark) for mark in (b",", b"[", b"{")) if len(plain) > 2 * _MAX_VALUES else 0


def is_deep(plain: bytes, value: object) -> bool:
    """Whether `value`, whose JSON is `plain`, is nested more deeply than any report. It could not be written."""
    if plain.count(b"[") + plain.count(b"{") <= _MAX_DEPTH:
        return False
    layer = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(_MAX_DEPTH):
        if not layer:
            return False
        layer = [inner for outer in layer for inner in _values_of(outer) if isinstance(inner, _CONTAINERS)]
    return bool(layer)


def _values_of(container: Any) -> Iterable[object]:
    values: Iterable[object] = container.values() if isinstance(container, dict) else container
    return values


def _checked(data: bytes) -> bytes:
    """Raises `ValueError` if a byte has changed. Packed entries have a checksum of zlib."""
    plain = data[9:]
    if data[1:9] != checksum(plain):
        raise ValueError("not a cache entry: its checksum does not fit")
    return plain


def any_entry(entry: Entry) -> bool:
    """Accepts every entry."""
    return True


class AnswerStore(Protocol):
    """The port: entries by key."""

    def get(self, key: str) -> Entry | None: ...

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        """The entries of those `keys` that are stored."""

    def put(self, key: str, entry: Entry) -> bool:
        """Whether it is stored now. An entry that is too large for the store is not."""

    def forget(self, key: str) -> None:
        """Remove the entry, if there is one."""

    def clear(self) -> int:
        """Remove everything, and return the number of entries."""

    def keys(self, limit: int, begins: Collection[str] = ()) -> list[tuple[str, str, float]]:
        """The newest `limit` entries as (key, status, fetched_at), without copies.

        `begins`: only keys that begin with any of these.
        """

    def stats(self) -> dict[str, Any]:
        """`entries` (without copies), `bytes`, `max_bytes`, `place`."""
