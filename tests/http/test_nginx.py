"""nginx with TLS in front of the server, as package/serve/nginx.conf sets it up."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme

from vt_connectors.sandbox import Quota, SandboxServer

from .served_process import ServedProcess, served

CONF = Path(__file__).resolve().parents[2] / "package/serve/nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(NGINX is None, reason="nginx is missing: apt-get install nginx-light"),
]
EICAR = {"action": "lookup_hash", "params": {"hash": "44d88612fea8a8f36de82e1278abb02f"}}
_MOST_S = 60.0
_MAIN = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/vtaction.conf;
}}
"""


class Proxy:
    """`url`: of nginx. `ca`: the file with the certificate of its authority."""

    def __init__(self, url: str, ca: str, server: ServedProcess) -> None:
        self.url = url
        self.ca = ca
        self.server = server

    def call(self, method: str, path: str, token: str | None = None, **rest: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.server.token if token is None else token}"}
        headers.update(rest.pop("headers", {}))  # type: ignore[call-overload]
        return requests.request(
            method,
            self.url + path,
            headers=headers,
            verify=self.ca,
            timeout=_MOST_S,
            **rest,  # type: ignore[arg-type]
        )


def _configure(folder: Path, upstream: str) -> int:
    """Write nginx' files. Returns its port."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(str(folder / "cert.pem"), append=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    text = CONF.read_text("utf-8")
    for old, new in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/nginx/tls/vt.example.com.crt": str(folder / "cert.pem"),
        "/etc/nginx/tls/vt.example.com.key": str(folder / "key.pem"),
        "server_name vt.example.com": "server_name localhost",
        "/var/log/nginx/vtaction.log": str(folder / "vtaction.log"),
        "http://127.0.0.1:8300": upstream,
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "vtaction.conf").write_text(text)
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder))
    return port


@contextlib.contextmanager
def proxy_before(server: ServedProcess, folder: Path) -> Iterator[Proxy]:
    port = _configure(folder, server.address)
    log = folder / "error.log"
    command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(log)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + _MOST_S
        while not _listens(port):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < give_up
            time.sleep(0.02)
        yield Proxy(f"https://localhost:{port}", str(folder / "ca.pem"), server)
    finally:
        process.terminate()
        process.wait(timeout=_MOST_S)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def before_the_server(folder: Path, *options: str) -> Iterator[Proxy]:
    """nginx, the server with `options`, and the sandbox."""
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(SandboxServer(Quota.unlimited()))
        server = stack.enter_context(served(sandbox, folder, *options))
        yield stack.enter_context(proxy_before(server, folder))


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    options = ("--behind-proxy", "--allow-host", "localhost")
    with before_the_server(tmp_path, *options) as started:
        yield started


def test_calls_over_tls_are_answered(proxy: Proxy) -> None:
    replies = [proxy.call("POST", "/v1/run", json=EICAR).json() for _ in range(2)]
    assert [reply["meta"]["source"] for reply in replies] == ["api", "cache"]
    assert proxy.call("GET", "/healthz").json() == {"status": "ok"}


def test_the_servers_refusals_reach_the_client(proxy: Proxy) -> None:
    assert proxy.call("POST", "/v1/run", "wrong", json=EICAR).status_code == 401
    assert proxy.call("GET", "/healthz", headers={"Host": "evil.example"}).status_code == 421
    assert proxy.call("GET", "/healthz", headers={"Origin": "https://localhost"}).status_code == 403
    # nginx sends its own value in place of the client's.
    assert proxy.call("GET", "/healthz", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 200
    upload = proxy.call("POST", "/api/v3/files", "wrong", data=b"a" * 3_000_000)
    assert upload.status_code == 401


def test_without_the_option_forwarded_calls_are_refused(tmp_path: Path) -> None:
    with before_the_server(tmp_path, "--allow-host", "localhost") as proxy:
        assert proxy.call("GET", "/healthz").json()["error"]["code"] == "forwarded"


def test_nginx_logs_no_token_even_if_the_server_is_gone(proxy: Proxy, tmp_path: Path) -> None:
    token = proxy.server.token
    report = f"/vtapi/v2/file/report?apikey={token}&resource={EICAR['params']['hash']}"  # type: ignore[index]
    assert proxy.call("GET", report).status_code == 200
    proxy.server.process.kill()
    proxy.server.process.wait()
    assert proxy.call("GET", report).status_code == 502
    for log in tmp_path.glob("*.log"):
        assert token not in log.read_text("utf-8"), log
