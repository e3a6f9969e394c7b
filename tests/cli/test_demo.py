"""The demonstration, served: what it tells is enough to look at its pages."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from dashboards import form_token, waited_for

_PATIENCE = 120.0


def test_served_it_says_where_to_look_and_with_which_password(tmp_path: Path) -> None:
    """The address and the password that it prints open the first page; told to stop, it ends well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "counterclick", "demo", "--serve", "--folder", str(tmp_path / "demo")]
    process = subprocess.Popen(
        [*words, "--visitors", "3000", "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        said = next((line for line in process.stderr if line.startswith("Open ")), "")
        found = re.fullmatch(r"Open (http://127\.0\.0\.1:\d+)/ and sign in with (\S+)\n", said)
        assert found is not None
        with httpx.Client(base_url=found[1], timeout=_PATIENCE, transport=httpx.HTTPTransport(retries=20)) as client:
            token = form_token(client.get("/sign-in").text)
            answer = client.post("/sign-in", data={"form_token": token, "password": found[2], "next": "/"})
            assert answer.status_code == 303
            assert "<h1" in waited_for(client, "/").text
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0
