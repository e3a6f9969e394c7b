"""What deploy/ ships: the unit, the image's recipe, the proxies' files and the backup do what docs/deploy.md says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders import purchase
from counterclick.cli.app import app
from counterclick.shop import open_shop
from data_folder import ROOT
from served import served

DEPLOY = ROOT / "deploy"
HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


def instructions(name: str) -> list[tuple[str, str]]:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    found = [line.partition(" ") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in found if word == name]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_reads_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    """Without a complaint, and with an exposure of 2 of 10 at most; only the path of the program is of this machine."""
    text = (DEPLOY / "counterclick.service").read_text(encoding="utf-8")
    unit = tmp_path / "counterclick.service"
    unit.write_text(text.replace("/opt/counterclick/bin/counterclick", sys.executable), encoding="utf-8")
    read = run("systemd-analyze", "verify", "--man=no", str(unit))
    assert (read.returncode, read.stderr) == (0, "")
    hardened = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(unit))
    assert hardened.returncode == 0, hardened.stdout


@pytest.mark.skipif(HADOLINT is None, reason="hadolint has no wheel for this machine")
def test_the_images_recipe_is_sound() -> None:
    """As hadolint reads it."""
    found = run(str(HADOLINT), str(DEPLOY / "Dockerfile"))
    assert (found.returncode, found.stdout) == (0, "")


def test_the_image_is_made_of_files_that_are_there() -> None:
    """Every file that it copies is in the tree and not held back; it runs as nobody special, on a volume, with a check."""
    held_back = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for _, rest in instructions("COPY"):
        if not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in held_back
    assert instructions("USER") == [("USER", "10001")]
    assert json.loads(instructions("VOLUME")[0][1]) == ["/shop"]
    assert "/readyz" in instructions("HEALTHCHECK")[0][1]


@pytest.mark.parametrize("file", ["Dockerfile", "counterclick.service"])
def test_what_they_start_is_a_command(file: str) -> None:
    """With options that it has."""
    if file == "Dockerfile":
        words = [*json.loads(instructions("ENTRYPOINT")[0][1]), *json.loads(instructions("CMD")[0][1])]
    else:
        text = (DEPLOY / file).read_text(encoding="utf-8")
        words = re.findall(r"ExecStart=(.*)", text)[0].split()
    command, bound, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
    assert (Path(words[0]).name, command.__name__) == ("counterclick", "serve")
    assert bound.arguments["port"] == 8484


def test_proxies_keep_inside_what_needs_no_key() -> None:
    """Health, figures and the API's document; and they name the sender."""
    for name in ("Caddyfile", "nginx.conf"):
        text = (DEPLOY / name).read_text(encoding="utf-8")
        for inside in ("metrics", "healthz", "readyz", "docs"):
            assert inside in text
        assert "8484" in text
        assert "X-Forwarded-For" in text


def test_a_backup_of_a_served_shop_is_a_shop(tmp_path: Path) -> None:
    """Taken while events come and are moved: whatever was acknowledged before is in it, once, and its keys hold."""
    source, copy = tmp_path / "shop", tmp_path / "copy"
    source.mkdir()
    with served(source) as server:
        for n in range(12):
            body = json.dumps([purchase("v1", 10, order=f"{n}-{k}") for k in range(50)])
            assert server.client.post("/v1/events", content=body).json()["accepted"] == 50
            if n == 6:
                server.stop()  # some of them are in the log
                server.start()
        taken = run(str(DEPLOY / "backup"), str(source), str(copy))
        assert taken.returncode == 0, taken.stderr
        again = run(str(DEPLOY / "backup"), str(source), str(copy))
        assert again.returncode != 0  # a copy is never laid over another
        with open_shop(copy / "shop.toml") as shop:
            assert shop.reading.rows("SELECT count(*), count(DISTINCT order_id) FROM events") == [(600, 600)]
            assert shop.keys.find(server.key, "write") is not None
            assert shop.store.drain() >= 0
            shop.refresh()
            assert shop.reading.rows("SELECT count(*), count(DISTINCT order_id) FROM events") == [(600, 600)]
    assert (copy / ".counterclick" / "key").stat().st_mode & 0o077 == 0
