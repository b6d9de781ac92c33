"""The setup page as an admin uses it."""

from __future__ import annotations

from .browser import Browser
from .fake_splunk_web import FakeSplunkWeb

SAVED = "Saved. Takes effect within 30 seconds."
SETTINGS = {
    "quota": "4/minute,500/day,15500/month",
    "cache_ttl": "86400",
    "cache_ttl_not_found": "600",
    "cache_size_mb": "256",
    "pending_max": "2500",
    "malicious_threshold": "3",
    "suspicious_threshold": "1",
    "verdict_by": "GTI",
}
_FORM = "document.querySelector('#vtlookup-setup form')"


def opened(browser: Browser, web: FakeSplunkWeb) -> Browser:
    browser.complaints()
    browser.open(web.view("setup"))
    browser.until(_FORM)
    return browser


def message(page: Browser) -> str:
    page.until("!document.getElementById('vtlookup-save').disabled")
    return page.text("#vtlookup-message")


def save(page: Browser) -> str:
    page.click("#vtlookup-save")
    return message(page)
