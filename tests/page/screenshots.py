"""Makes the pictures of ``docs/page.md``: ``python -m tests.page.screenshots``."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.page.conftest import _QUIET, TOKEN, Site
from tests.page.scene import Scene

_PICTURES = Path(__file__).parents[2] / "docs" / "images"
_WIDE = {"width": 1280, "height": 900}
_NARROW = {"width": 360, "height": 800}


def main() -> None:
    """Write them anew."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is not installed (apt-get install chromium)")
    _PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        site = Site(Scene(time.time()), directory, TOKEN)
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        for name, size, scheme, opened in (
            ("page", _WIDE, "light", None),
            ("page-target", _WIDE, "light", "www/web3"),
            ("page-dark", _WIDE, "dark", "www/web3"),
            ("page-phone", _NARROW, "light", None),
            ("page-phone-dark", _NARROW, "dark", "www/web3"),
        ):
            context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(site.url)
            page.wait_for_timeout(500)
            if opened:
                target = page.locator(f'[data-key="target:{opened}"]')
                target.locator("summary").click()
                target.evaluate("each => window.scrollBy(0, each.getBoundingClientRect().top - 90)")
                page.wait_for_timeout(200)
            page.screenshot(path=str(_PICTURES / f"{name}.png"))
            context.close()
        browser.close()
        site.close()


if __name__ == "__main__":
    main()
