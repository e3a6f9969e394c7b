"""Who may look at a shop's pages: whoever knows the password, for a while, or has been given a link to one page.

A password is chosen by a person, so that its hash is slow (argon2id, RFC 9106); what this module gives out itself are 32
random bytes, of which the file keeps the SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from counterclick.display import Grid, Shown
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.shop.private_file import PrivateFile
from counterclick.store import Store

__all__ = ["LONGEST_SHARE", "SHORTEST_PASSWORD", "Access", "Share", "ShareList"]

SHORTEST_PASSWORD = 12
"""Characters that a password needs."""
LONGEST_SHARE = 365
"""Days for which a link may hold."""
_LONGEST_PASSWORD = 1_000
_SESSION = timedelta(days=14)
_MOST_SESSIONS = 1_000
_MOST_SHARES = 1_000
_LONGEST_ADDRESS = 2_000
_SHOWN = "%Y-%m-%d %H:%M"


class Share(msgspec.Struct, frozen=True):
    """A link to one page, without its secret.

    Attributes:
        share_id: what it is called when it is withdrawn.
        address: path and query of the page.
        digest: SHA-256 of the secret, hexadecimal.
        made_at: UTC.
        ends_at: from when on it no longer holds, UTC.
    """

    share_id: str
    address: str
    digest: str
    made_at: datetime
    ends_at: datetime


class ShareList(msgspec.Struct, Shown, frozen=True):
    """The links that hold.

    Attributes:
        shares: in the order in which they were made.
    """

    shares: tuple[Share, ...]

    def grids(self) -> list[Grid]:
        """Return them as one table."""
        rows = [
            (each.share_id, each.address, f"{each.made_at:{_SHOWN}}", f"{each.ends_at:{_SHOWN}}") for each in self.shares
        ]
        notes = () if rows else ("There is none. A page's own form makes one.",)
        return [Grid("Links to pages", ("id", "page", "made at (UTC)", "ends at (UTC)"), rows, notes, left=4)]


class _Session(msgspec.Struct, frozen=True):
    """Somebody who has signed in: digest of what the browser holds, and until when."""

    digest: str
    ends_at: datetime


class _Held(msgspec.Struct, frozen=True):
    """What the file holds."""

    password: str | None = None
    sessions: tuple[_Session, ...] = ()
    shares: tuple[Share, ...] = ()


class Access:
    """Who may look at a shop's pages.

    Args:
        store: in whose folder it is kept.
    """

    def __init__(self, store: Store) -> None:
        self._file = PrivateFile[_Held](store, "access.json", _Held, _Held())
        self._hasher = PasswordHasher()
        self._secret = hmac.digest(store.key.encode(), b"forms of pages", "sha256")

    @property
    def has_password(self) -> bool:
        """Whether one is set."""
        return self._file.read().password is not None

    def set_password(self, password: str) -> None:
        """Set the password; whoever is signed in no longer is.

        Args:
            password: of 12 characters or more.

        Raises:
            ConfigError: it is too short or too long.
            StoreError: it could not be written; the old one holds.
        """
        if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
            raise ConfigError(
                f"a password needs {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD:,} characters; this one has {len(password):,}."
            )
        kept = self._hasher.hash(password)
        self._file.change(lambda held: msgspec.structs.replace(held, password=kept, sessions=()))

    def sign_in(self, password: str) -> tuple[str, datetime] | None:
        """Return a session's secret and its end, UTC; None where the password is not the one that is set.

        Args:
            password: as it was typed.

        Raises:
            StoreError: the session could not be kept.
        """
        kept = self._file.read().password
        try:
            if kept is None or not self._hasher.verify(kept, password[: _LONGEST_PASSWORD + 1]):
                return None
        except (VerificationError, InvalidHashError):
            return None
        secret, now = secrets.token_urlsafe(32), _now()
        made = _Session(_digest(secret), now + _SESSION)

        def added(held: _Held) -> _Held:
            if held.password != kept:  # it was set anew meanwhile
                return held
            others = [each for each in held.sessions if each.ends_at > now]
            return msgspec.structs.replace(held, sessions=(*others[-_MOST_SESSIONS + 1 :], made))

        self._file.change(added)
        return secret, made.ends_at

    def is_signed_in(self, secret: str | None) -> bool:
        """Return whether a session's secret holds."""
        if not secret:
            return False
        digest, now = _digest(secret), _now()
        return any(hmac.compare_digest(each.digest, digest) and now < each.ends_at for each in self._file.read().sessions)

    def sign_out(self, secret: str) -> None:
        """End a session."""
        digest = _digest(secret)
        self._file.change(
            lambda held: msgspec.structs.replace(
                held, sessions=tuple(each for each in held.sessions if each.digest != digest)
            )
        )

    def form_token(self, holder: str) -> str:
        """Return what a form must send back that was given to a browser.

        Args:
            holder: what the browser holds as a cookie.
        """
        return hmac.digest(self._secret, holder.encode(), "sha256").hex()

    def is_form_of(self, holder: str, token: str) -> bool:
        """Return whether a form was given to this browser."""
        return hmac.compare_digest(self.form_token(holder).encode(), token.encode())

    def shares(self) -> ShareList:
        """Return the links that hold."""
        now = _now()
        return ShareList(tuple(each for each in self._file.read().shares if now < each.ends_at))

    def share(self, address: str, days: int) -> tuple[Share, str]:
        """Make a link to one page; return it and its secret, which is nowhere else.

        Args:
            address: path and query of the page.
            days: for which it holds.

        Raises:
            ConfigError: it would hold for no day or more than a year, or there are too many.
            StoreError: it could not be written.
        """
        if not 1 <= days <= LONGEST_SHARE:
            raise ConfigError(f"a link holds for 1 to {LONGEST_SHARE} days, not for {days:,}.")
        if len(address) > _LONGEST_ADDRESS:
            raise ConfigError(f"a page that is shared has an address of at most {_LONGEST_ADDRESS:,} characters.")
        known = self.shares().shares
        if len(known) >= _MOST_SHARES:
            raise ConfigError(f"{_MOST_SHARES:,} links hold already; withdraw some first.")
        secret, now = secrets.token_urlsafe(32), _now()
        made = Share(secrets.token_hex(4), address, _digest(secret), now, now + timedelta(days=days))
        self._file.change(
            lambda held: msgspec.structs.replace(held, shares=(*(each for each in held.shares if now < each.ends_at), made))
        )
        return made, secret

    def shared(self, secret: str) -> Share | None:
        """Return the link of a secret, if it holds."""
        digest = _digest(secret)
        return next((each for each in self.shares().shares if hmac.compare_digest(each.digest, digest)), None)

    def withdraw(self, share_id: str) -> Share:
        """Let a link end now.

        Raises:
            UnknownNameError: there is no such link.
        """
        known = {each.share_id: each for each in self.shares().shares}
        if share_id not in known:
            raise UnknownNameError("link", share_id, known)
        self._file.change(
            lambda held: msgspec.structs.replace(
                held, shares=tuple(each for each in held.shares if each.share_id != share_id)
            )
        )
        return known[share_id]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
