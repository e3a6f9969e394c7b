"""No window of time holds more requests than a service allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from counterclick.web.pace import Pace


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_no_window_holds_more_than_its_limit(gaps: list[float]) -> None:
    """However requests come: of any five in a row, and of any twelve, the last goes a whole window after the first."""
    pace, now, went = Pace((4, 1.0), (11, 10.0)), 0.0, []
    for gap in gaps:
        now += gap
        went.append(now + pace.after(now))
    assert went == sorted(went)
    for most, seconds in ((4, 1.0), (11, 10.0)):
        assert all(later - first >= seconds - 1e-9 for first, later in zip(went, went[most:], strict=False))


def test_what_is_within_the_limits_does_not_wait() -> None:
    """A burst goes at once; the one after it waits for the window's end."""
    pace = Pace((3, 1.0))
    assert [pace.after(0.0) for _ in range(4)] == [0, 0, 0, 1]
