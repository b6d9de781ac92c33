"""The fields of the platform's asset, and the settings that they stand for."""

import os

from soar_sdk.asset import AssetField, BaseAsset

from vt_connectors.config.settings import Settings
from vt_connectors.quota.windows import PUBLIC


class Asset(BaseAsset):
    """Either the key, for requests from this machine, or the address and a token of a server."""

    api_key: str | None = AssetField(
        description="API key of VirusTotal (leave it empty if a server is used)", required=False, sensitive=True
    )
    quota: str | None = AssetField(
        description="Quota of the key, as VirusTotal granted it: 4/minute,500/day,15500/month, or auto, or none",
        required=False,
        default=PUBLIC,
    )
    state: str | None = AssetField(
        description="Where cache and quota are stored: a file, or redis://HOST for several machines. "
        "Empty: the file that all programs of this user share",
        required=False,
    )
    api_url: str | None = AssetField(description="Address of VirusTotal", required=False, default=Settings().api_url)
    server: str | None = AssetField(
        description="Address of `vtaction serve`, which has the key (instead of the fields above)", required=False
    )
    token: str | None = AssetField(description="Token for the server", required=False, sensitive=True)

    def server_and_key(self) -> tuple[str, str]:
        """The address, and the token for it; without an address the key."""
        server = (self.server or "").strip()
        return server, ((self.token if server else self.api_key) or "").strip()

    def environment(self) -> dict[str, str]:
        """The settings under their names in the environment; the asset's take precedence."""
        fields = {"VT_QUOTA": self.quota, "VT_STATE": self.state, "VT_API_URL": self.api_url}
        given = {name: value.strip() for name, value in fields.items() if value and value.strip()}
        return {**os.environ, **given}
