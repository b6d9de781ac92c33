"""A misspelt engine's name causes a warning with the name that was probably meant, and nothing else does.

The warning comes once per process, so each test has its own misspelt names.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.vtaction_process import RunnerProcess

from .several import Played, Several, file_object, said

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
ENGINES = (
    "Avast", "Avast-Mobile", "BitDefender", "BitDefenderFalx", "CMC Threat Intelligence", "ESET-NOD32", "F-Secure",
    "K7AntiVirus", "K7GW", "Kaspersky", "Malware Domain Blocklist", "MalwareDomainList", "MaxSecure", "McAfee",
    "McAfeeD", "Microsoft", "NANO-Antivirus", "Sophos", "Symantec", "SymantecMobileInsight", "TrendMicro",
    "TrendMicro-HouseCall", "Trustlook", "Trustwave", "Xcitium", "Zoner",
)  # fmt: skip


def virustotal(engines: tuple[str, ...] = ENGINES) -> Played:
    """The first engine says malicious, the second suspicious, all others nothing."""
    words = {0: "malicious", 1: "suspicious"}
    results = {
        engine: {"category": words.get(number, "undetected"), "result": "Trojan" if number == 0 else None}
        for number, engine in enumerate(engines)
    }
    return Played(lambda _: said({"data": file_object(SHA256, 1, last_analysis_results=results)}))


def lookup(**options: Any) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": SHA256}, "options": options}


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "vt_connectors.actions.engines"]


def not_the_name(source: str, name: str, meant: str) -> str:
    return f"{source}: '{name}' is not the name of an engine in this answer; did you mean '{meant}'?"


@pytest.mark.parametrize("several", ["memory"], indirect=True)
def test_settings_are_reported_once(several: Several, caplog: pytest.LogCaptureFixture) -> None:
    core = several.core(virustotal(), VT_TRUSTED_ENGINES="Kasperski, Sophos", VT_IGNORED_ENGINES="Mikrosoft")
    for _ in range(3):
        core.answer(lookup())
    assert warned(caplog) == [
        not_the_name("VT_TRUSTED_ENGINES", "kasperski", "Kaspersky"),
        not_the_name("VT_IGNORED_ENGINES", "mikrosoft", "Microsoft"),
    ]


@pytest.mark.parametrize("several", ["memory"], indirect=True)
def test_options_are_reported_by_their_path(several: Several, caplog: pytest.LogCaptureFixture) -> None:
    several.core(virustotal()).answer(lookup(trusted_engines=["Trustwafe"], ignored_engines=["ESET NODD32"]))
    assert warned(caplog) == [
        not_the_name("options.trusted_engines", "trustwafe", "Trustwave"),
        not_the_name("options.ignored_engines", "eset nodd32", "ESET-NOD32"),
    ]


@pytest.mark.parametrize("several", ["memory"], indirect=True)
@pytest.mark.parametrize(
    ("name", "meant"),
    [("bit-defender", "BitDefender"), ("Trend Micro HouseCall", "TrendMicro-HouseCall"), ("Avastt-Mobile", ENGINES[1])],
)
def test_blanks_and_dashes_belong_to_the_name(
    several: Several, caplog: pytest.LogCaptureFixture, name: str, meant: str
) -> None:
    several.core(virustotal()).answer(lookup(ignored_engines=[name]))
    assert warned(caplog) == [not_the_name("options.ignored_engines", name.lower(), meant)]


@pytest.mark.parametrize("several", ["memory"], indirect=True)
@pytest.mark.parametrize("absent", ENGINES)
def test_an_engine_that_did_not_look_at_an_object_is_not_misspelt(
    several: Several, caplog: pytest.LogCaptureFixture, absent: str
) -> None:
    there = tuple(engine for engine in ENGINES if engine != absent)
    several.core(virustotal(there)).answer(lookup(trusted_engines=list(ENGINES), ignored_engines=["Bkav", "", "--"]))
    assert warned(caplog) == []


@pytest.mark.parametrize("several", ["memory"], indirect=True)
def test_a_later_answer_may_have_the_similar_name(several: Several, caplog: pytest.LogCaptureFixture) -> None:
    core = several.core(virustotal(("Zoner", "Xcitium")), VT_TRUSTED_ENGINES="NANO-Antivyrus")
    core.answer(lookup())
    assert warned(caplog) == []
    other = several.core(virustotal(), VT_TRUSTED_ENGINES="NANO-Antivyrus")
    other.answer(lookup(cache="refresh"))
    assert warned(caplog) == [not_the_name("VT_TRUSTED_ENGINES", "nano-antivyrus", "NANO-Antivirus")]


@pytest.mark.parametrize("several", ["memory"], indirect=True)
def test_a_name_is_shown_short_and_printable(several: Several, caplog: pytest.LogCaptureFixture) -> None:
    engine = "\x1b[31mAlder" + "x" * 80
    several.core(virustotal((engine,))).answer(lookup(trusted_engines=[engine[:-2] + "zx"]))
    (text,) = warned(caplog)
    assert text.isprintable()
    assert len(text) < 250


@pytest.mark.parametrize("several", ["memory"], indirect=True)
def test_threads_report_a_name_once(several: Several, caplog: pytest.LogCaptureFixture) -> None:
    core = several.core(virustotal(), VT_TRUSTED_ENGINES="Trustloook")
    threads = [threading.Thread(target=core.answer, args=(lookup(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(warned(caplog)) == 1


def test_the_command_line_warns_on_stderr(run: RunnerProcess) -> None:
    request = {"action": "lookup_ip", "params": {"ip": "8.8.8.8"}, "options": {"ignored_engines": ["Engin 01"]}}
    done = run.text("run", stdin=json.dumps(request), VT_TRUSTED_ENGINES="Engine-O2")
    assert not_the_name("options.ignored_engines", "engin 01", "Engine 01") in done.stderr
    assert done.returncode == 0
