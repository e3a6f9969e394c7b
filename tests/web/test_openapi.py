"""The document of the API says what the server does: schemathesis sends what it allows, and what it does not."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import purchase, view
from counterclick.shop import open_shop
from counterclick.web.describing import DESCRIBED
from data_folder import ROOT
from served import TESTED, Served, served

TOML = f"""{TESTED}
[loop]
[shopify]
[chats.helper]
surface = "helper"
"""
ENDLESS = "/ofrep/v1/stream"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop with a few events that declares every sender."""
    folder = tmp_path_factory.mktemp("openapi")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record([view("v1"), purchase("v1", 30)])
    with served(folder, TOML) as found:
        yield found


def test_every_address_is_described_and_documented(server: Served) -> None:
    """With its keys and its refusals; those that senders and readers use stand on the page as well."""
    document = server.client.get("/docs/openapi.json").json()
    assert document["paths"].keys() == DESCRIBED.keys()
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    schemes = document["components"]["securitySchemes"].keys()
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["description"]
            assert {name for way in operation["security"] for name in way} <= schemes
            if operation["security"]:
                assert {"401", "429"} <= operation["responses"].keys()
        if not re.fullmatch("/v1/[a-z]{1,8}", path):  # Segment's many
            assert re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), path) in page, path


def test_the_page_for_people_needs_no_other_host(server: Served) -> None:
    """Every address with its answers stands on it, and nothing is fetched: no script, no link to another host."""
    page = server.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path, described in DESCRIBED.items():
        assert f"<h2>{path}</h2>" in page.text
        assert not described.keys or "<td>401</td>" in page.text
    assert "<script" not in page.text
    assert not re.findall(r"(?:src|href)=\"?(?:https?:)?//", page.text)


@pytest.mark.parametrize(("may", "addresses", "examples"), [("write", "POST", 8), ("read", "GET", 2)])
def test_the_server_does_what_the_document_says(
    server: Served, tmp_path: Path, may: str, addresses: str, examples: int
) -> None:
    """No address breaks, every status is a documented one, and every answer has its shape: on drawn requests."""
    with open_shop(server.toml) as shop:
        _, key = shop.keys.new("write" if may == "write" else "read", "schemathesis")
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method"
    )
    words = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/docs/openapi.json"),
        *("--header", f"X-API-Key: {key}", "--include-method", addresses, "--exclude-path", ENDLESS),
        *("--checks", checks, "--max-examples", str(examples), "--seed", "1", "--generation-deterministic"),
        *("--phases", "examples,coverage,fuzzing", "--no-color"),
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
