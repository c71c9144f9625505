"""Desks on a server of one's own, by the rights of the user that they sign in as.

On a server without Ombud's roles, because who made them matters. Not here: the words for what goes wrong.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import URL

from ombud import Actor, Settings, open_desk
from ombud.db import migrate
from ombud.errors import Unavailable
from ombud.people.actions import find_or_create_customer
from ombud.testing import ScratchServer, scratch_server

# The embedded server lets users of these names in.
USER = "ombud_host"


@pytest.fixture
def bare_server() -> Iterator[ScratchServer]:
    """A server that has never seen a desk."""
    folder = Path(tempfile.mkdtemp(prefix="ombud-"))
    folder.chmod(0o755)
    try:
        with scratch_server(folder / "bare") as server:
            yield server
    finally:
        shutil.rmtree(folder)


def host_database(server: ScratchServer, *, attributes: LiteralString, owner: str) -> URL:
    """Make a user with these attributes and a database, and return the URL that they use."""
    server.execute(sql.SQL("CREATE ROLE {} LOGIN {}").format(sql.Identifier(USER), sql.SQL(attributes)))
    server.execute(sql.SQL("CREATE DATABASE host OWNER {}").format(sql.Identifier(owner)))
    return server.admin_url.set(username=USER, database="host")


def use(url: URL) -> None:
    """Open a desk there twice, as two starts do, and write."""
    settings = Settings(database_url=SecretStr(url.render_as_string(hide_password=False)))
    for _start in range(2):
        with open_desk(settings) as desk:
            desk.run(Actor.system("test"), find_or_create_customer, email="ann@example.com")


@pytest.mark.parametrize("inherits", ["INHERIT", "NOINHERIT"])
def test_a_user_who_may_make_roles_and_owns_the_database(
    bare_server: ScratchServer, inherits: LiteralString
) -> None:
    use(host_database(bare_server, attributes=f"CREATEROLE {inherits}", owner=USER))


def test_a_user_who_may_make_nothing(bare_server: ScratchServer) -> None:
    url = host_database(bare_server, attributes="NOCREATEROLE", owner="postgres")
    with pytest.raises(Unavailable, match="ombud db init-roles"):
        use(url)
    with migrate.prepared(bare_server.admin_url.set(database="host"), USER):
        pass  # what `ombud db init-roles --login` does
    use(url)
