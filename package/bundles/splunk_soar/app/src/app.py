"""The main module: the test of an asset, and all actions."""

from soar_sdk.abstract import SOARClient

from . import actions  # type: ignore[attr-defined]  # noqa: F401  # generated; it registers the actions
from .asset import Asset
from .main import app
from .running import check


@app.test_connectivity()
def test_connectivity(soar: SOARClient, asset: Asset) -> None:
    """Ask VirusTotal, or the server, whether the key or the token works. It costs no quota."""
    check(soar, asset)


if __name__ == "__main__":
    app.cli()
