"""Ready mappings: which tables of Segment, RudderStack, GA4's export and Shopify's loaders are which fact, to be pasted."""

from __future__ import annotations

from functools import cache
from importlib import resources

from counterclick.errors import UnknownNameError

__all__ = ["ready_mapping", "ready_mappings"]


@cache
def ready_mappings() -> dict[str, str]:
    """Return name -> what it is for, in one sentence."""
    folder = resources.files("counterclick.connectors") / "mappings"
    texts = {one.name.removesuffix(".toml"): one.read_text(encoding="utf-8") for one in folder.iterdir()}
    return {name: text.splitlines()[0].removeprefix("# ") for name, text in sorted(texts.items())}


def ready_mapping(name: str) -> str:
    """Return a mapping as TOML, to be pasted into ``shop.toml``.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in ready_mappings():
        raise UnknownNameError("mapping", name, ready_mappings())
    return (resources.files("counterclick.connectors") / "mappings" / f"{name}.toml").read_text(encoding="utf-8")
