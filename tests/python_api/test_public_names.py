"""The door: what it offers, and what it costs to stand before it."""

from __future__ import annotations

import subprocess
import sys
import typing
from pathlib import Path

import pytest

import vt_connectors
from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.python.options import LookupOptions
from vt_connectors.errors import BY_CODE

PROJECT = Path(__file__).resolve().parents[2]


def _python(script: str) -> None:
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True, timeout=60)


@pytest.mark.parametrize("name", vt_connectors.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(vt_connectors, name) is not None
    assert name in dir(vt_connectors)


def test_every_error_is_public() -> None:
    assert {kind.__name__ for kind in BY_CODE.values()} < set(vt_connectors.__all__)


# Newer actions need no method of their own: `run` takes any.
WITH_METHOD = (
    *("lookup", "lookup_hash", "lookup_url", "lookup_domain", "lookup_ip", "add_comment", "scan_file", "rescan_file"),
    *("scan_url", "get_analysis", "passive_dns", "get_comments", "quota", "relationships", "behaviour", "get_votes"),
    *("add_vote", "rescan", "get_comment", "delete_comment", "search", "intelligence_search", "ioc_stream", "vt_get"),
    *("lookup_private_file", "lookup_private_url", "download_file"),
)


def test_these_actions_have_a_typed_method() -> None:
    assert set(WITH_METHOD) <= set(ACTIONS)
    assert all(callable(getattr(vt_connectors.VirusTotal, name)) for name in WITH_METHOD)


def test_no_parameter_has_the_name_of_an_option() -> None:
    """`run` tells them apart by their names."""
    for action in ACTIONS.values():
        assert not set(action.params_schema["properties"]) & LookupOptions.__optional_keys__


def test_everything_public_is_explained() -> None:
    for name in vt_connectors.__all__:
        thing = getattr(vt_connectors, name)
        if isinstance(thing, type) and not issubclass(thing, Exception):
            assert not (thing.__doc__ or "").startswith(f"{name}("), f"{name} has no words of its own"
    public = [name for name in dir(vt_connectors.VirusTotal) if not name.startswith("_")]
    assert all(getattr(vt_connectors.VirusTotal, name).__doc__ for name in public)


def test_verdicts_are_the_contracts() -> None:
    assert typing.get_args(vt_connectors.Verdict) == ("malicious", "suspicious", "undetected", "unknown")


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        vt_connectors.conect  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_loads_nothing_of_it() -> None:
    _python(
        "import sys, vt_connectors\n"
        "loaded = [name for name in sys.modules if name.startswith('vt_connectors.') or name == 'requests']\n"
        "assert loaded == [], loaded\n"
    )


def test_connecting_does_not_load_the_http_library() -> None:
    _python(
        "import sys\n"
        "from vt_connectors import connect\n"
        "connect(state='memory').lookup_ip('10.0.0.1')\n"
        "assert not {'requests', 'rich', 'jsonschema'} & set(sys.modules)\n"
    )


def test_a_lookup_does_not_load_the_answers_of_other_actions() -> None:
    _python(
        "import sys\n"
        "from vt_connectors import connect\n"
        "connect(state='memory').lookup_ip('10.0.0.1')\n"
        "further = ('related_answers', 'behaviour_answers', 'community_answers', 'sample_answers')\n"
        "loaded = [name for name in further if f'vt_connectors.adapters.python.{name}' in sys.modules]\n"
        "assert not loaded, loaded\n"
    )


def test_without_the_adapters_the_core_is_still_there() -> None:
    _python(
        "import sys\n"
        "sys.modules['vt_connectors.adapters'] = None\n"
        "from vt_connectors import ConnectorError, Verdict\n"
        "import vt_connectors.composition.core\n"
        "try:\n"
        "    from vt_connectors import connect\n"
        "except ImportError:\n"
        "    sys.exit(0)\n"
        "sys.exit(1)\n"
    )
