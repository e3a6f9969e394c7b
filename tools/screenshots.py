"""Serve the simulated shop, look at its pages with the machine's browser, and write the pictures that README.md shows.

python tools/screenshots.py [--folder demo]
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from counterclick.pages.browser import find_browser
from counterclick.shop import demo, open_shop

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
PAGES = {"revenue-impact": "/", "surfaces": "/surfaces"}
_PASSWORD = "a password for one picture"  # noqa: S105 - of a shop that lives as long as this script
_PATIENCE = 300_000
"""Milliseconds: the first audit takes a while."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the shop of a folder; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "counterclick", "serve", "--port", str(port), "--shop", str(folder / "shop.toml")]
    process = subprocess.Popen(words)
    try:
        while process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def pictured(page: Page, name: str, path: str) -> None:
    """Open a page, wait until it is drawn, and write the picture of what is seen first."""
    page.goto(path)
    page.wait_for_selector("main:not(:has(progress))")
    page.wait_for_selector("html[data-drawn], html:not(:has([data-spec]))")
    page.screenshot(path=PICTURES / f"{name}.png")


def main() -> None:
    """Write every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="of a simulated shop; a new one, removed at the end, unless given")
    folder = parser.parse_args().folder
    PICTURES.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "demo"
        demo(place).close()
        with open_shop(place / "shop.toml") as shop:
            shop.access.set_password(_PASSWORD)
            shop.overview()  # takes the looks that are due, so that nothing comes while the pictures are taken
        address = stack.enter_context(serving(place))
        play = stack.enter_context(sync_playwright())
        browser = play.chromium.launch(executable_path=find_browser())
        page = browser.new_context(base_url=address, viewport={"width": 1280, "height": 960}).new_page()
        page.set_default_timeout(_PATIENCE)
        page.goto("/sign-in")
        page.get_by_label("Password").fill(_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "sign-in" not in url)
        for name, path in PAGES.items():
            pictured(page, name, path)
        browser.close()


if __name__ == "__main__":
    main()
