"""Experiments and surfaces as OpenFeature flags, also through the published provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

from counterclick.experiments.assignment import assign
from served import SHARES, TESTED, Served, served

TOML = f"""{TESTED}
[surfaces.chat]
[experiments.over]
surface = "chat"
control = "nothing"
variants = {{ nothing = 0.5, voice = 0.5 }}
starts_on = 2020-01-01
ends_on = 2020-02-01
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop with a running experiment and one that is over."""
    with served(tmp_path_factory.mktemp("flags"), TOML) as found:
        yield found


def ask(server: Served, flag: str, body: Any, **headers: str) -> httpx.Response:
    return server.client.post(f"/ofrep/v1/evaluate/flags{flag}", content=json.dumps(body), headers=headers)


def context(visitor: str) -> dict[str, Any]:
    return {"context": {"targetingKey": visitor}}


def exposures(server: Served) -> int:
    return server.n_events("exposure")


def test_a_single_evaluation_is_the_arm_and_an_exposure(server: Served) -> None:
    """For every visitor the arm that anyone can compute, recorded before it is answered; asked again, once."""
    before = exposures(server)
    for n in range(20):
        for _ in range(2):
            found = ask(server, "/cart-bundles", context(f"single-{n}")).json()
            arm = assign("cart-bundles", f"single-{n}", SHARES)
            assert (found["value"], found["variant"], found["reason"]) == (arm, arm, "SPLIT")
            assert found["metadata"]["experimentId"] == "cart-bundles"
    assert exposures(server) == before + 20


def test_experiments_are_declared_before_anybody_is_exposed(server: Served) -> None:
    """What they declare stands in the log since the process started."""
    assert server.n_events("experiment_declared") == 2


def test_a_surface_is_on_where_its_visitor_has_the_feature(server: Served) -> None:
    """The same visitor, the same arm; a surface that nobody tests is on for everyone."""
    for n in range(10):
        arm = assign("cart-bundles", f"surface-{n}", SHARES)
        assert ask(server, "/cart", context(f"surface-{n}")).json()["value"] is (arm == "bundles")
        assert ask(server, "/chat", context(f"surface-{n}")).json()["value"] is True


def test_an_experiment_that_is_over_gives_its_control_and_records_nothing(server: Served) -> None:
    """Its reason says that it is disabled."""
    before = exposures(server)
    found = ask(server, "/over", context("late")).json()
    assert (found["value"], found["reason"]) == ("nothing", "DISABLED")
    assert exposures(server) == before


def test_a_bulk_evaluation_is_no_exposure(server: Served) -> None:
    """All flags at once, with an ETag that spares the second answer, and the stream that tells of changes."""
    before = exposures(server)
    first = ask(server, "", context("bulk"))
    flags = {each["key"]: each["value"] for each in first.json()["flags"]}
    assert flags == {
        "cart-bundles": assign("cart-bundles", "bulk", SHARES),
        "over": "nothing",
        "cart": assign("cart-bundles", "bulk", SHARES) == "bundles",
        "chat": True,
    }
    again = ask(server, "", context("bulk"), **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ask(server, "", context("another"), **{"if-none-match": first.headers["etag"]}).status_code == 200
    assert first.json()["eventStreams"][0]["type"] == "sse"
    assert exposures(server) == before


@pytest.mark.parametrize(
    ("flag", "body", "status", "code"),
    [
        ("/nosuch", context("v1"), 404, "FLAG_NOT_FOUND"),
        ("/cart-bundles", {"context": {}}, 400, "TARGETING_KEY_MISSING"),
        ("/cart-bundles", {"context": {"targetingKey": 7}}, 400, "INVALID_CONTEXT"),
        ("/cart-bundles", {"context": {"targetingKey": "v" * 201}}, 400, "INVALID_CONTEXT"),
        ("/cart-bundles", [1], 400, "INVALID_CONTEXT"),
        ("", {}, 400, "TARGETING_KEY_MISSING"),
    ],
)
def test_errors_are_told_in_the_protocols_words(server: Served, flag: str, body: Any, status: int, code: str) -> None:
    """With the code and a sentence that says what would be right."""
    found = ask(server, flag, body)
    assert (found.status_code, found.json()["errorCode"]) == (status, code)
    assert found.json()["errorDetails"]


def test_the_published_provider_sees_every_arm(server: Served) -> None:
    """Strings of experiments and booleans of surfaces, with variant and reason; an unknown flag gives its default."""
    api.set_provider(OFREPProvider(base_url=server.url, headers_factory=lambda: {"Authorization": f"Bearer {server.key}"}))
    client = api.get_client()
    try:
        for n in range(20):
            who = EvaluationContext(targeting_key=f"provider-{n}")
            arm = assign("cart-bundles", f"provider-{n}", SHARES)
            told = client.get_string_details("cart-bundles", "nobody", who)
            assert (told.value, told.variant, told.reason) == (arm, arm, "SPLIT")
            assert client.get_boolean_value("cart", arm != "bundles", who) is (arm == "bundles")
        assert client.get_string_value("nosuch", "default", EvaluationContext(targeting_key="v1")) == "default"
    finally:
        api.shutdown()
