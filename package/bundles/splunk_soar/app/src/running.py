"""Runs actions of the app: the asset says where, the codec says how, and the app run has a limit."""

import functools
import time
from typing import Any

from soar_sdk.abstract import SOARClient
from soar_sdk.action_results import ActionOutput, ActionResult, OutputField
from soar_sdk.app import App
from soar_sdk.exceptions import ActionFailure
from soar_sdk.params import Params

from vt_connectors.adapters.soar.configured import way_in_for
from vt_connectors.adapters.soar.exchange import WayIn, exchange
from vt_connectors.adapters.soar.splunk_soar import IN_FLIGHT_S, LONGEST_RUN_S, Result, Run, SplunkSoar

from .asset import Asset
from .vault import with_files


class Summary(ActionOutput):
    """The summary of every action. A failure has it too, so that a playbook can branch on `error_code`."""

    status: str = OutputField(example_values=["ok", "not_found", "pending", "skipped", "error"], column_name="Status")
    verdict: str | None = OutputField(example_values=["malicious", "suspicious", "undetected", "unknown"])
    detections: int | None = OutputField(example_values=[62])
    engines: int | None = OutputField(example_values=[68])
    analysis_id: str | None = OutputField(cef_types=["virustotal analysis id"])
    source: str | None = OutputField(example_values=["api", "cache", "shared"])
    age_s: float | None = OutputField(example_values=[0])
    requests: int | None = OutputField(example_values=[1])
    error_code: str | None = OutputField(example_values=["rate_limited", "timeout", "access_denied"])
    retryable: bool | None = OutputField()
    retry_after_s: int | None = OutputField(example_values=[60])


class TimedApp(App):
    """An app that knows when its run began: all parameter sets of a run share the time."""

    began = time.monotonic()

    def handle(self, raw_input_data: str, handle: int | None = None) -> str:
        TimedApp.began = time.monotonic()
        return super().handle(raw_input_data, handle)

    # The platform may call the app itself.
    __call__ = handle


def run(
    action: str, params: Params, soar: SOARClient, asset: Asset, output: type[ActionOutput]
) -> ActionOutput | ActionResult:
    """The output of an answer, or the result of a failure."""
    asked = params.model_dump()
    with with_files(action, asked, soar, is_remote=bool(asset.server)) as files:
        result = _result(action, files.params, asset)
        if result.data is not None:
            files.keep(result.data)
    if result.data is None:
        failure = ActionResult(status=False, message=result.message, param=asked)
        failure.set_summary(Summary(**result.summary).model_dump())
        return failure
    soar.set_message(result.message)
    soar.set_summary(Summary(**result.summary))
    return output(**result.data)


def check(soar: SOARClient, asset: Asset) -> None:
    """Raises ActionFailure if the key, or the server with its token, does not work."""
    result = _result("quota", {}, asset)
    if not result.succeeded:
        raise ActionFailure(result.message)
    soar.set_message(result.message)


def _result(action: str, params: dict[str, Any], asset: Asset) -> Result:
    left_s = max(0.0, TimedApp.began + LONGEST_RUN_S - IN_FLIGHT_S - time.monotonic())
    return exchange(SplunkSoar(), Run(action, params, left_s), _way_in_of(asset), left_s)


def _way_in_of(asset: Asset) -> WayIn:
    server, key = asset.server_and_key()
    return _way_in(server, key, tuple(asset.environment().items()))


@functools.lru_cache(maxsize=1)
def _way_in(server: str, key: str, environment: tuple[tuple[str, str], ...]) -> WayIn:
    """Kept for all parameter sets of a run."""
    return way_in_for(server, key, "", dict(environment))
