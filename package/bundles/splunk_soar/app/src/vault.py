"""Files of the platform's vault: those to scan, and those that were downloaded."""

import base64
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soar_sdk.abstract import SOARClient
from soar_sdk.exceptions import ActionFailure

# The server takes requests of 1 MiB, in which a file is a third larger.
_LARGEST_REMOTE_BYTES = 700_000


class Files:
    """`params`: with paths or contents instead of vault ids."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def keep(self, data: dict[str, Any]) -> None:
        """Put files of the answer into the vault, and their ids into `data`."""


class _Downloads(Files):
    """A folder for the file that is downloaded."""

    def __init__(self, params: dict[str, Any], folder: str, soar: SOARClient) -> None:
        super().__init__({**params, "path": folder})
        self._soar = soar

    def keep(self, data: dict[str, Any]) -> None:
        if "path" not in data:
            return  # VirusTotal does not know the file
        path = Path(data.pop("path"))
        container = self._soar.get_executing_container_id()
        data["vault_id"] = self._soar.vault.add_attachment(container, str(path), path.name)


@contextlib.contextmanager
def with_files(action: str, params: dict[str, Any], soar: SOARClient, *, is_remote: bool) -> Iterator[Files]:
    """For the time of the action. Raises ActionFailure if a file cannot be had."""
    if action == "scan_file":
        yield Files(_to_scan(params, soar, is_remote=is_remote))
    elif action == "download_file" and not is_remote:
        vault = Path(soar.vault.get_vault_tmp_dir())
        with tempfile.TemporaryDirectory(dir=vault if vault.is_dir() else None) as folder:
            yield _Downloads(params, folder, soar)
    else:
        yield Files(params)


def _to_scan(params: dict[str, Any], soar: SOARClient, *, is_remote: bool) -> dict[str, Any]:
    vault_id = params["vault_id"]
    attachments = soar.vault.get_attachment(vault_id=vault_id)
    if not attachments:
        raise ActionFailure(f"the vault has no file with the id {vault_id}")
    path = Path(attachments[0].path)
    given = {name: value for name, value in params.items() if name != "vault_id"}
    given["filename"] = given.get("filename") or attachments[0].name
    if not is_remote:
        return {**given, "path": str(path)}
    size = path.stat().st_size
    if size > _LARGEST_REMOTE_BYTES:
        raise ActionFailure(
            f"the file has {size} bytes, and through a server at most {_LARGEST_REMOTE_BYTES} can be scanned; "
            "enter the key in the asset instead of the server"
        )
    return {**given, "content_base64": base64.b64encode(path.read_bytes()).decode()}
