"""`run`: any action by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python_api.conftest import Connect
from tests.python_api.fake_core import FakeCore, document
from tests.vtaction_process import EICAR, EVERY_LICENCE
from vt_connectors import InvalidRequest, UnknownAction, VirusTotal
from vt_connectors.actions import ACTIONS
from vt_connectors.contract.documents import Options
from vt_connectors.contract.validation import violation


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_runs_by_its_name_with_its_example(
    at_sandbox: Connect, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # an example creates a file in the working folder
    answer = at_sandbox(api_key=EVERY_LICENCE).run(name, **ACTIONS[name].example)
    assert answer.status in ("ok", "pending", "not_found")
    assert violation(f"results/{name}.json", answer.data) is None
    assert answer.to_dict()["action"] == name
    assert (answer.poll_after_s is not None) == (answer.status == "pending")


def test_options_are_told_from_parameters_and_none_is_left_out(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda _: document(data={"type": "hash", "indicator": EICAR})
    vt_of.run("get_comments", indicator=EICAR, type=None, limit=3, cache="refresh", max_wait_s=5, include=("raw",))
    vt_of.run("scan_file", path=Path("a/b.exe"))
    first, second = core.requests
    assert (first.action, first.params) == ("get_comments", {"indicator": EICAR, "limit": 3})
    assert first.options == Options(cache="refresh", max_wait_s=5, include=frozenset(("raw",)))
    assert second.params == {"path": "a/b.exe"}


def test_what_the_action_does_not_know_is_an_error(vt: VirusTotal) -> None:
    with pytest.raises(InvalidRequest, match="did you mean 'limit'"):
        vt.run("get_comments", indicator=EICAR, limits=3)
    with pytest.raises(UnknownAction):
        vt.run("get_coments", indicator=EICAR)


def test_the_data_is_the_callers_own(vt: VirusTotal) -> None:
    answer = vt.run("lookup", value=EICAR)
    answer.data["verdict"] = "changed"
    assert answer.data["verdict"] == "malicious"
