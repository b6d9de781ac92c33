"""The app of the platform. `app.py` adds the actions."""

from .asset import Asset
from .running import TimedApp

app = TimedApp(
    name="VT Connectors",
    app_type="reputation",
    logo="logo.svg",
    logo_dark="logo_dark.svg",
    product_vendor="VirusTotal",
    product_name="VirusTotal",
    publisher="vt-connectors",
    appid="e6122429-007e-41dc-bf43-0ac251a0a1ee",
    python_version="3.13",
    asset_cls=Asset,
)
