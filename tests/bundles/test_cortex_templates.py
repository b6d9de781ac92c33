"""TheHive's templates, rendered by the AngularJS that TheHive has, in a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from package.exports import npm
from package.spl.build_error import BuildError
from tests.soar.outcomes import cases
from tests.splunk.browser import Browser
from vt_connectors.adapters.soar.thehive_cortex import CortexAnalyzer

from .setting import built

ANGULARJS = "1.8.3"
RUNS = "window.attacked = true"
ATTACKS = (
    f"<img src=x onerror='{RUNS}'>",
    f"<script>{RUNS}</script>",
    f"{{{{constructor.constructor('{RUNS}')()}}}}",
    f'" onmouseover="{RUNS}" autofocus onfocus="{RUNS}',
)
_PAGE = """<!doctype html><html ng-app="page"><body ng-controller="report"><script>%s</script><script>
angular.module("page", []).controller("report", function ($scope) { Object.assign($scope, %s); });
</script>%s</body></html>"""


@pytest.fixture(scope="module")
def angular() -> str:
    try:
        return (npm.installed("angular", ANGULARJS) / "angular.min.js").read_text("utf-8")
    except BuildError as error:
        pytest.skip(f"AngularJS is not available: {error}")


class Templates:
    """The templates of a flavour, each as TheHive shows it."""

    def __init__(self, browser: Browser, angular: str, folder: Path) -> None:
        self._bundle = built("thehive_cortex", folder)
        self._browser, self._angular, self._page = browser, angular, folder / "page.html"

    def shown(self, name: str, content: Any, *, success: bool = True) -> str:
        """The text that a reader sees."""
        [template] = self._bundle.glob(f"*/VTConnectors_Lookup_*/{name}.html")
        scope = json.dumps({"content": content, "success": success}).replace("</", "<\\/")
        self._page.write_text(_PAGE % (self._angular, scope, template.read_text("utf-8")), "utf-8")
        self._browser.open(self._page.as_uri())
        return str(self._browser.script("return document.body.innerText"))

    def is_attacked(self, script: str = "") -> bool:
        """Whether an attack ran, a moment after `script`. An image fails to load only after the page is there."""
        wait = "return new Promise(done => setTimeout(() => done(window.attacked === true), 100))"
        return bool(self._browser.script(f"{script};{wait}"))

    def links(self) -> list[str]:
        found: list[str] = self._browser.script("return [...document.querySelectorAll('a')].map(one => one.href)")
        return found


@pytest.fixture(scope="module")
def templates(chromium: Browser, angular: str, tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(chromium, angular, tmp_path_factory.mktemp("templates"))


def _output() -> dict[str, Any]:
    case = cases()["found"]
    given = {"service": "lookup", "dataType": case.kind, "data": case.value}
    output: dict[str, Any] = CortexAnalyzer().output(given, [case.response])
    return output


def test_the_report_shows_what_engines_say(templates: Templates) -> None:
    shown = templates.shown("long", _output()["full"])
    for text in ("malicious 62/68", "virus.eicar/test", "eicar.com", "Engine 01", "known-test-file"):
        assert text in shown
    assert templates.links() == [cases()["found"].response["data"]["link"]]


def test_a_failed_job_shows_its_error(templates: Templates) -> None:
    shown = templates.shown("long", {"errorMessage": "rate_limited: the quota is used up"}, success=False)
    assert "rate_limited: the quota is used up" in shown
    assert "Engine" not in shown


def test_the_short_report_shows_the_taxonomy(templates: Templates) -> None:
    assert templates.shown("short", {"taxonomies": _output()["taxonomies"]}).strip() == 'VT:lookup="62/68"'


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_virustotal_tells_is_text_and_never_runs(templates: Templates, attack: str) -> None:
    full = _replaced(_output()["full"], attack)
    full["data"]["link"] = f"javascript:{RUNS}"
    assert attack in templates.shown("long", full)
    assert not templates.is_attacked()
    assert all(not link.startswith("javascript:") for link in templates.links())
    taxonomy = {"level": attack, "namespace": attack, "predicate": attack, "value": attack}
    assert attack in templates.shown("short", {"taxonomies": [taxonomy]})
    assert not templates.is_attacked()


def test_an_attack_would_be_noticed(templates: Templates) -> None:
    templates.shown("long", _output()["full"])
    assert templates.is_attacked(f"document.body.insertAdjacentHTML('beforeend', {json.dumps(ATTACKS[0])})")


def _replaced(value: Any, attack: str) -> Any:
    """The same with `attack` as each text."""
    if isinstance(value, dict):
        return {name: _replaced(inner, attack) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, attack) for inner in value]
    return attack if isinstance(value, str) else value
