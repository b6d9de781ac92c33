"""The parameters that an action has on the platform: files are in its vault, and reading actions do not write."""

from __future__ import annotations

from collections.abc import Iterator

from vt_connectors.adapters.soar.splunk_soar import IN_FLIGHT_S, LONGEST_RUN_S

from ..manifest import Action, Param

_FILE = Param(
    name="vault_id",
    type="string",
    is_list=False,
    required=True,
    description="Vault id of the file",
    default=None,
    choices=(),
    example=None,
    writes=False,
)
# A file to send, and where to put one, are the vault's business.
_INSTEAD_OF_FILES = {
    ("scan_file", "path"): _FILE,
    ("scan_file", "content_base64"): None,
    ("download_file", "path"): None,
    ("download_file", "overwrite"): None,
}


def app_params(action: Action) -> Iterator[Param]:
    """In the manifest's order."""
    for param in action.params:
        if param.writes and not action.writes:
            continue
        if param.name == "wait_s":
            param = param._replace(
                default=int(LONGEST_RUN_S - IN_FLIGHT_S), description=f"{param.description}; less if quota is short"
            )
        instead = _INSTEAD_OF_FILES.get((action.name, param.name), param)
        if instead is not None:
            yield instead


def primary(params: list[Param]) -> str | None:
    """The name of the parameter that the action is about."""
    required = [param.name for param in params if param.required and not param.choices]
    return required[0] if required else None
