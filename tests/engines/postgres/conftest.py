"""One PostgreSQL server for these tests, and a simulated shop whose facts lie in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from foreign_shop import VARIABLE, Foreign, foreign_shop
from postgres_server import Server, binary, served


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server on loopback, ended with the tests."""
    if binary("postgres") is None or binary("initdb") is None:
        pytest.skip("PostgreSQL is not installed here: `apt-get install postgresql`")
    with served() as started:
        yield started


@pytest.fixture(scope="session")
def both(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    """The shop in its log, and the same whose facts lie in PostgreSQL under other names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, server.password)
        found = foreign_shop(tmp_path_factory.mktemp("shops"), server, 3000)
        yield found
        found.own.close()
        found.mapped.close()
