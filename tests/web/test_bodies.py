"""Bodies and keys as they arrive: whatever the bytes, they are read or refused."""

from __future__ import annotations

import gzip

from hypothesis import given
from hypothesis import strategies as st
from litestar.datastructures import Headers

from counterclick.web.bodies import BodyError, decoded, unpacked
from counterclick.web.service import secret_of

MOST = 1_000
PACKED = st.binary(max_size=2_000).map(gzip.compress)


@given(
    st.binary(max_size=MOST) | PACKED, st.sampled_from(["", "gzip", "identity", "br", "GZIP", " gzip "]), st.integers(0, 9)
)
def test_any_body(body: bytes, packing: str, cut: int) -> None:
    """It is unpacked within its limit, or refused with a status that says why."""
    body = body[: len(body) - cut] if cut else body
    try:
        found = unpacked(body, Headers({"content-encoding": packing}), MOST)
    except BodyError as error:
        assert error.status in (400, 413, 415)  # noqa: PT017 - either may be
    else:
        assert len(found) <= MOST
        assert found == body or gzip.decompress(body) == found


@given(st.binary(max_size=200))
def test_any_json(body: bytes) -> None:
    """It is decoded, or refused with 400."""
    try:
        decoded(body)
    except BodyError as error:
        assert error.status == 400  # noqa: PT017 - either may be


@given(st.text(max_size=60) | st.sampled_from(["Basic", "Bearer", "bearer x", "Basic eDo=", "Basic /w==", "Basic é"]))
def test_any_header_of_a_key(header: str) -> None:
    """A key is found in it, or none."""
    found = secret_of(Headers({"authorization": header}))
    assert found is None or isinstance(found, str)
    assert secret_of(Headers({"authorization": "Basic eDo="})) == "x"
