"""``[loop]``: a shop of Loop whose returns are told by webhooks."""

from __future__ import annotations

import msgspec

__all__ = ["LoopConfig"]


class LoopConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[loop]``.

    Attributes:
        secret_env: environment variable that holds the webhook's secret, with which Loop signs.
    """

    secret_env: str = "LOOP_WEBHOOK_SECRET"  # noqa: S105 - a name, not a secret
