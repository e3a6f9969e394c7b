"""What a browser says of itself."""

from __future__ import annotations

import pytest
from hypothesis import given

from counterclick.connectors.browsers import country_of, device_of, is_crawler, path_of
from translations import ANY_JSON


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", "desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1", "mobile"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 12; CUBOT X50) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1", "tablet"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot"),
        ("Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Chrome/140 Mobile (compatible; Googlebot/2.1)", "bot"),
        ("python-requests/2.34", "bot"),
        ("my app", None),
        (None, None),
        (5, None),
    ],
)
def test_device(user_agent: object, device: str | None) -> None:
    """A user agent is of one kind, or of none that is known."""
    assert device_of(user_agent) == device


def test_country() -> None:
    """A stated code goes before the language's region; a country's name is no code; a language alone has no region."""
    assert country_of("us", locale="de-AT") == "US"
    assert country_of("Germany", None, locale="de_CH") == "CH"
    assert country_of(locale="zh-Hant-TW") == "TW"
    assert country_of(locale="de") is None
    assert country_of(5, locale=["de-AT"]) is None


def test_path() -> None:
    """Of a page's address only its path is kept."""
    assert path_of("https://example.org/a/b?mail=x#y") == "/a/b"
    assert path_of("https://example.org") == "/"
    assert path_of("/a?b") == "/a"
    assert path_of("http://[") is None
    assert path_of("") is None


@given(ANY_JSON)
def test_anything(said: object) -> None:
    """Nothing that a browser says of itself raises."""
    assert device_of(said) in ("bot", "tablet", "mobile", "desktop", None)
    assert country_of(said, locale=said) is None or len(str(country_of(said, locale=said))) == 2
    path_of(said)


@pytest.mark.parametrize(
    ("agent", "is_one"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", True),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0", True),
        ("Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) Chrome/140 Mobile Safari/537.36", False),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1", False),
        ("python-requests/2.34", False),
        ("analytics-python/2.3", False),
        ("curl/8.5.0", False),
        ("", False),
        (None, False),
    ],
)
def test_who_sends_a_request_is_a_crawler_or_not(agent: str | None, *, is_one: bool) -> None:
    """Crawlers, headless browsers and monitors are; the shop's own programs, which send its events, are not."""
    assert is_crawler(agent) == is_one
