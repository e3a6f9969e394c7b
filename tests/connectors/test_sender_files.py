"""Files in a sender's words: whatever stands in them, every line is one part, or the file is refused with its reason."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterclick.connectors.sender_files import FORMATS, LONGEST_LINE, parts_of_file
from counterclick.errors import InputError
from translations import ANY_JSON, NOW, sound

LINE = ANY_JSON.map(lambda sent: json.dumps(sent).encode()) | st.binary(max_size=40).map(lambda b: b.replace(b"\n", b""))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(LINE, max_size=5), st.sampled_from(sorted(FORMATS)), st.booleans())
def test_any_file(tmp_path: Path, lines: list[bytes], sender: str, packed: bool) -> None:  # noqa: FBT001 - Hypothesis passes it so
    """Nothing is raised but that the file cannot be read, and nothing is lost in silence."""
    path = tmp_path / "file.jsonl"
    content = b"\n".join(lines)
    path.write_bytes(gzip.compress(content) if packed else content)
    try:
        parts = list(parts_of_file(path, sender, NOW))
    except InputError as error:
        assert "file.jsonl" in str(error)  # noqa: PT017 - either may be
    else:
        for part in parts:
            sound(part.became)
        if not FORMATS[sender].feed:
            assert len(parts) == len([line for line in lines if line.removeprefix(b"\xef\xbb\xbf").strip()])


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    """However small it is packed: no more than one line's length is held."""
    path = tmp_path / "bomb.jsonl"
    path.write_bytes(gzip.compress(b" " * (LONGEST_LINE + 2)))
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="16,000,000 bytes"):
        list(parts_of_file(path, "ga4", NOW))
