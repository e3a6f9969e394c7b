"""Models on disk: written whole, read as they were written, and erased with the people whom they hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclick.errors import StoreError
from counterclick.store.models import Models, NewManifest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(name: str = "bundles", *, of_people: bool = False) -> NewManifest:
    return NewManifest(
        name=name, form=1, tables="t", settings="s", fitted_at=NOW, known_at=NOW, metrics={"pairs": 3}, of_people=of_people
    )


@given(
    st.dictionaries(
        st.text(min_size=1),
        st.lists(st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text()),
    )
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, knows: dict[str, list[int | float | str]]
) -> None:
    """Numbers to the last digit and any text, as the next version, beside what it says of itself."""
    models = Models(tmp_path_factory.mktemp("models"))
    for version in (1, 2):
        written = models.write(said(), knows, kept=3)
        assert written.version == version
    assert models.newest() == {"bundles": written}
    assert models.read(written) == knows
    assert written.metrics == {"pairs": 3}


def test_old_versions_go_and_nothing_of_other_names(tmp_path: Path) -> None:
    """Of five versions the newest two are left, and nothing of what a process left that died while it wrote."""
    models = Models(tmp_path / "models")
    models.write(said("rates"), {}, kept=2)
    (tmp_path / "models" / "writing-1234").write_bytes(b"half")
    before = models.stamp
    for _ in range(5):
        models.write(said(), {}, kept=2)
    assert [(each.name, each.version) for each in models.all()] == [("bundles", 5), ("bundles", 4), ("rates", 1)]
    assert models.stamp != before
    assert not list((tmp_path / "models").glob("writing-*"))


@pytest.mark.parametrize("place", ["first line", "second line", "cut", "empty", "other name"])
def test_what_is_damaged_is_known_to_be(tmp_path: Path, place: str) -> None:
    """A changed digit, half a file, an empty one, or one that stands under another's name."""
    models = Models(tmp_path)
    model = models.write(said(), {"partner": [1, 2, 3]}, kept=3)
    path = tmp_path / "bundles-000001.jsonl"
    body = path.read_bytes()
    if place == "other name":
        path.rename(tmp_path / "bundles-000002.jsonl")
        assert models.newest()["bundles"].is_damaged
        return
    changed = {
        "first line": body.replace(b'"bundles"', b'"bundles', 1),
        "second line": body.replace(b"[1,2,3]", b"[1,2,4]"),
        "cut": body[:-5],
        "empty": b"",
    }
    path.write_bytes(changed[place])
    found = models.newest()["bundles"]
    if place in ("first line", "empty"):
        assert found.is_damaged
    else:
        assert found == model
        with pytest.raises(StoreError, match="does not hold what was written"):
            models.read(found)


def test_models_of_people_are_erased_and_others_stay(tmp_path: Path) -> None:
    """And so is what cannot be read, since nobody knows whom it holds; everything goes where everything is asked for."""
    models = Models(tmp_path)
    kept = models.write(said(), {}, kept=3)
    models.write(said("rates", of_people=True), {"customer": {"anna": 0.2}}, kept=3)
    (tmp_path / "odd-000001.jsonl").write_bytes(b"anna")
    (tmp_path / "notes.txt").write_bytes(b"anna")
    before = models.erasures
    models.erase()
    assert models.all() == [kept]
    assert not (tmp_path / "notes.txt").exists()
    assert models.erasures != before
    models.erase(everything=True)
    assert models.all() == []
