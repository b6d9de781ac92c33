"""An action as data: an entry of the registry. Manifest, command line and documentation derive from it."""

from __future__ import annotations

from collections.abc import Mapping

from ..contract.documents import Outcome, Request
from ..contract.validation import all_violations, schema, violation
from ..errors import InvalidRequest
from ..light_typing import TYPE_CHECKING, Any, Callable, NamedTuple
from .context import Context

if TYPE_CHECKING:
    from ..virustotal.budget import Budget
    from ..virustotal.licences import Licence

Run = Callable[[Context, Request, "Budget"], Outcome]
# Codes that every action may fail with. `unknown_action` and `unsupported_version` belong to the envelope.
_ALWAYS = (
    "invalid_request",
    "config_error",
    "access_denied",
    "forbidden",
    "rate_limited",
    "timeout",
    "unavailable",
    "invalid_response",
    "cancelled",
    "internal",
)
_OF_WRITES = ("conflict", "too_large", "outcome_unknown")


class Deferred:
    """The action `name` of `module`. The module is imported on the first run: most processes run one action only."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def target(self) -> Run:
        """The action itself."""
        from importlib import import_module

        found: Run = getattr(import_module(f".{self._module}", __package__), self._name)
        return found

    def __call__(self, context: Context, request: Request, budget: Budget) -> Outcome:
        return self.target()(context, request, budget)


class Action(NamedTuple):
    """`title`: a name for people, like the name of a playbook step. `about`: a description in one sentence.

    `requests`: the cost in requests, as text for people; `counted`: whether they count against VirusTotal's quota.
    `example`: params that make a valid request. `command_line`: an example for a shell.

    `writes`: the action changes something at VirusTotal, so it is never repeated automatically. `write_params`:
    parameters that make a reading action write.

    `value`: the positional parameter on a command line. `params_of` turns the value into one of `value_params`.
    `several`: a command line may give several values.

    `once`: like a write, it is never repeated automatically, because a failed call may have counted against a quota of
    its own. `further_errors`: codes that not every action may fail with.

    `licence`: what the API key needs; `None` if it depends on the parameters.
    """

    name: str
    title: str
    about: str
    requests: str
    example: Mapping[str, Any]
    run: Run
    command_line: str
    value: str | None = None
    writes: bool = False
    write_params: tuple[str, ...] = ()
    several: bool = True
    counted: bool = True
    params_of_value: Callable[[str], dict[str, Any]] | None = None
    value_params: tuple[str, ...] = ()
    licence: Licence | None = "free"
    once: bool = False
    further_errors: tuple[str, ...] = ()

    def params_of(self, value: str) -> dict[str, Any]:
        """The parameters for a positional value."""
        if self.params_of_value is not None:
            return self.params_of_value(value)
        return {self.value: value} if self.value else {}

    def writes_with(self, params: Mapping[str, Any]) -> bool:
        """Whether a request with these parameters changes something at VirusTotal. The parameters may be invalid."""
        return self.writes or any(params.get(name) for name in self.write_params)

    @property
    def params_schema(self) -> dict[str, Any]:
        return schema(f"actions/{self.name}.json")

    @property
    def result_schema(self) -> dict[str, Any]:
        """The schema of `data` in a response without an error, for every status."""
        return schema(f"results/{self.name}.json")

    @property
    def errors(self) -> tuple[str, ...]:
        """The codes of all errors that the action may return."""
        of_values = ("invalid_indicator",) if self.params_schema["properties"] else ()
        of_writes = _OF_WRITES if self.writes or self.write_params else ()
        return (*_ALWAYS, *of_values, *of_writes, *self.further_errors)

    def check(self, params: Mapping[str, Any]) -> None:
        """Raises `InvalidRequest`. `details.path` is the path within the request."""
        name = f"actions/{self.name}.json"
        wrong = violation(name, params)
        if wrong is not None:
            path = f"/params{wrong.path}"
            found = [{**entry, "path": f"/params{entry['path']}"} for entry in all_violations(name, params)]
            raise InvalidRequest(wrong.sentence(path, "parameter"), details={"path": path, "violations": found})
