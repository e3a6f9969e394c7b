"""A page: what it asks the shop, and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, get_type_hints
from urllib.parse import quote, urlencode

from counterclick.config import Config
from counterclick.web.dashboard.places import Place
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import View

__all__ = ["Context", "Page"]

Answer = TypeVar("Answer")
_LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class Context:
    """For whom a page is made.

    Attributes:
        config: of the shop.
        say: how numbers are written.
        asked: what the address asks for: parts of its path, and of its query what the page reads.
        is_shared: whether it was opened by a link, so that nothing can be done on it.
    """

    config: Config
    say: Speech
    asked: Mapping[str, str] = field(default_factory=dict)
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Answer]):
    """A page of the dashboard.

    Attributes:
        place: its address, and what it is called.
        question: what it answers, in the words of who looks.
        ask: verbs of the `Shop`, whose answer is kept while nothing new is recorded; where it is asked anew, its `Premises`.
        view: makes a page of the answer; a pure function.
        reads: names of the query that it reads; all others mean nothing.
        draws: those of them that change what is drawn of an answer, and not what is asked.
        shares: name of a question that several pages ask alike, so that its answer is kept once, whatever of it they show.
        empty: what is to be done where nothing is recorded.
        is_asked_anew: whether what it asks is no question to the log, but what files say now: nothing of it is kept.
        is_stored: whether its answer is stored on disk as well: for what takes long and names no person. It must be
            made of dataclasses and structs.
        is_private: whether it is only for those who know the password: never behind a link.
    """

    place: Place
    question: str
    ask: Callable[[Any, Mapping[str, str]], Answer]
    view: Callable[[Answer, Context], View]
    reads: Sequence[str] = ()
    draws: Sequence[str] = ()
    shares: str = ""
    empty: str = ""
    is_asked_anew: bool = False
    is_stored: bool = False
    is_private: bool = False

    @property
    def path(self) -> str:
        """Its address."""
        return self.place.path

    @property
    def title(self) -> str:
        """What it is called."""
        return self.place.title

    @property
    def answer_type(self) -> Any:
        """Type of its answer, as `ask` declares it."""
        return get_type_hints(self.ask, localns={"Shop": Any})["return"]  # the verbs are loaded where they are asked

    def asked(self, path: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, str]:
        """Return what an address asks for: parts of its path, and of its query what this page reads.

        Args:
            path: its parts by name.
            query: name -> value.
        """
        read = {name: query[name][:_LONGEST_VALUE] for name in self.reads if query.get(name)}
        return {**{name: str(value)[:_LONGEST_VALUE] for name, value in path.items()}, **read}

    def to_ask(self, asked: Mapping[str, str]) -> Callable[[Any], Answer]:
        """Return what is to be called with the shop, by another process as well.

        Args:
            asked: what the address asks for.
        """
        return partial(_call, self.ask, dict(asked))

    def question_of(self, asked: Mapping[str, str]) -> str:
        """Return a name of what is asked, the same wherever the answer is."""
        return self.shares or self.address({name: value for name, value in asked.items() if name not in self.draws})

    def address(self, asked: Mapping[str, str]) -> str:
        """Return the address that asks for this."""
        path = self.path
        for name, value in asked.items():
            path = path.replace(f"{{{name}:str}}", quote(value, safe=""))
        query = {name: asked[name] for name in self.reads if name in asked}
        return f"{path}?{urlencode(query)}" if query else path


def _call(ask: Callable[[Any, Mapping[str, str]], Answer], asked: Mapping[str, str], shop: Any) -> Answer:
    return ask(shop, asked)
