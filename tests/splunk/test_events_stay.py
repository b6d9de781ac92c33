"""Events leave the command as they came: in order, none lost, no character changed."""

from __future__ import annotations

import csv
import io

import pytest

from package.splunkd_driver.driver import Chunk, Record
from vt_connectors.sandbox import SandboxServer

from .searching import CLEAN_IP, EICAR_MD5, Lookup, md5, normal, without_added

NASTY = [
    'quotes " and ""',
    "comma, semicolon; dollar $ $$ $;$",
    "line\nfeed",
    "carriage\rreturn",
    "both\r\n",
    "\n",
    "\u2028\u2029\x85\x0b\x0c\x1c",
    "zero\0width",
    "stand-ins \uffff\ufffe",
    "ünïcödé 😀",
    " blanks ",
    "__mv_",
    "{} {0} %s",
]


@pytest.mark.parametrize("selected", [True, False])
def test_no_character_changes(everywhere: Lookup, selected: bool) -> None:
    names = ["x", "a b", "c.d", 'e"f', "data{}.g", "_raw", "h,i"]
    events: list[Record] = [dict.fromkeys(names, text) for text in NASTY]
    events += [{**dict.fromkeys(names, NASTY[:]), "x": ""}]
    result = everywhere([events, [], events], "ioc=x", "cache=only", select_fields=selected)
    assert without_added(result.records) == events * 2
    assert (result.complete, result.exit_code, result.stderr) == (True, 0, "")


@pytest.mark.parametrize("field", ["a b", "c.d", 'e"f', "data{}.g", "a=b", "ünï", "h,i", "sum(x)"])
@pytest.mark.parametrize("selected", [True, False])
def test_any_field_name_will_do(lookup: Lookup, field: str, selected: bool) -> None:
    result = normal(lookup([[{"other": "1", field: CLEAN_IP}]], f"ip={field}", select_fields=selected))
    assert [record["vt_status"] for record in result.records] == ["ok"]


def test_bodies_of_every_shape_get_one_sound_reply(everywhere: Lookup) -> None:
    ip = CLEAN_IP
    bodies = {
        "": [],
        "x\n": [],
        "x": [],
        "x\n\n\n": [("", ""), ("", "")],
        f"x,y\r\n{ip},1\r\n": [(ip, "ok")],
        f"x,y\n{ip},1": [(ip, "ok")],
        f"x,y,z\n{ip}\n{ip},1\n": [(ip, "ok"), (ip, "ok")],
        f'"x","__mv_x"\n"{ip}",\n': [(ip, "ok")],
        f"__mv_x,x\n$a$$$;${ip}$,a\n": [(["a$", ip], ["error", "ok"])],
        "y\n1\n": [(None, "")],
        "vt_status,x,__mv_vt_status\nold,,$a$;$b$\n": [("", "")],
    }
    replies = everywhere.raw(*bodies, args=["ioc=x"])
    seen = [[(record.get("x"), record["vt_status"]) for record in reply.records] for reply in replies]
    assert seen == list(bodies.values())


def test_thirty_two_thousand_events_ask_once_for_each_of_six_hundred_hashes(
    lookup: Lookup, sandbox: SandboxServer
) -> None:
    # More than the command takes at once: of its input, its records, its lines, and the values to look up.
    in_memory = lookup.set(VT_STATE="memory")  # the requests are twice as fast without the shared file
    chunk = [{"n": str(number), "x": md5(number % 600), "text": 'a "b"\nc'} for number in range(32_000)]
    result = normal(in_memory([chunk], "hash=x"))
    assert without_added(result.records) == chunk
    assert {record["vt_status"] for record in result.records} == {"ok", "not_found"}
    paths = [request.path for request in sandbox.requests]
    assert (len(paths), len(set(paths))) == (600, 600)


@pytest.mark.parametrize("selected", [True, False])
def test_many_columns_and_a_large_field_pass(lookup: Lookup, selected: bool) -> None:
    wide: Record = {**{f"f{number}": str(number) for number in range(100)}, "x": EICAR_MD5}
    large: Record = {"x": EICAR_MD5, "text": 'y"' * 5_000_000}
    chunks: list[Chunk] = [[wide, wide], [large]]
    result = normal(lookup(chunks, "hash=x", select_fields=selected))
    assert without_added(result.records) == [wide, wide, large]


def test_an_indicator_of_three_megabytes_is_an_error_of_its_own_event(lookup: Lookup) -> None:
    result = lookup([[{"x": "z" * 3_000_000}, {"x": EICAR_MD5}]], "hash=x")
    assert [record["vt_status"] for record in result.records] == ["error", "ok"]
    assert len(str(result.records[0]["vt_error"])) < 1000
    assert len(result.messages[0][1]) < 1000


def test_the_text_of_an_event_is_not_even_written_again(lookup: Lookup) -> None:
    body = f'x,"y"\n"{CLEAN_IP}","needless"\n{CLEAN_IP},"a ""b"""\n'
    (reply,) = lookup.raw(body, args=["ip=x"])
    before, after = body.splitlines(), reply.body.decode().splitlines()
    assert all(new.startswith(old + ",") for old, new in zip(before, after))
    assert len(list(csv.reader(io.StringIO(reply.body.decode())))) == 3
