"""TLS to the database: an authority made here, Debian's PostgreSQL 15, all four drivers."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from sqlalchemy import make_url

from ombud import Settings, clock, open_desk
from ombud.db import migrate
from ombud.db.engine import make_async_engine, make_engine
from ombud.db.tls import refuse_plain_tcp
from ombud.db.translate import NotTrusted
from ombud.errors import Unavailable
from tests.db.drivers import FOUR, driven
from tests.db.servers import DEBIAN_15, OwnServer, own_server

_LINKS = (
    "SELECT bool_and(ssl), min(version) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
    " WHERE application_name = 'ombud'"
)
DAY = dt.timedelta(days=1)


class Authority:
    """Signs certificates of servers."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = self._certificate(self.name, self.key.public_key(), ends=clock.now() + DAY)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(own.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def give(self, server: OwnServer, host: str, *, ends: dt.datetime | None = None) -> None:
        """Give a server a certificate for `host`, which it uses from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        made = self._certificate(name, key.public_key(), ends=ends or clock.now() + DAY)
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if host == "127.0.0.1":
            names = [x509.IPAddress(ipaddress.ip_address(host))]
        signed = made.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(
            self.key, hashes.SHA256()
        )
        plain = serialization.NoEncryption()
        encoded = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        for file, content in (
            ("server.crt", signed.public_bytes(serialization.Encoding.PEM)),
            ("server.key", encoded),
        ):
            path = server.folder / file
            path.write_bytes(content)
            path.chmod(0o600)
            shutil.chown(path, server.account.uid, server.account.gid)
        server.execute("SELECT pg_reload_conf()")
        while server.execute("SELECT max(modification) < now() FROM pg_stat_file('server.key')") == [
            (False,)
        ]:
            pass

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, ends: dt.datetime
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(ends - 30 * DAY).not_valid_after(ends)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authorities")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder, "ours")


@pytest.fixture(scope="module")
def secure_server(authority: Authority) -> Iterator[OwnServer]:
    """A server that takes TLS, with a desk in it."""
    with own_server(programs=DEBIAN_15) as server:
        authority.give(server, "localhost")
        server.configure(ssl="on")
        server.execute("SELECT pg_reload_conf()")
        migrate.upgrade(server.url)
        yield server


@pytest.fixture
def server(secure_server: OwnServer, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> OwnServer:
    monkeypatch.setenv("PGSSLROOTCERT", str(authority.path))
    authority.give(secure_server, "localhost")
    return secure_server


@pytest.mark.parametrize("driver", FOUR)
def test_a_verified_server_is_used_by_tls(server: OwnServer, driver: str) -> None:
    with driven(driver, server.url.set(host="localhost", query={"sslmode": "verify-full"})) as one:
        assert one.scalar("SELECT 1") == 1
        assert server.execute(_LINKS) in ([(True, "TLSv1.2")], [(True, "TLSv1.3")])


@pytest.mark.parametrize("driver", FOUR)
def test_the_authority_may_be_named_in_the_url(
    server: OwnServer, authority: Authority, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLROOTCERT")
    query = {"sslmode": "verify-full", "sslrootcert": str(authority.path)}
    with driven(driver, server.url.set(host="localhost", query=query)) as one:
        assert one.scalar("SELECT 1") == 1
        assert server.execute(_LINKS)[0][0] is True


@pytest.mark.parametrize("driver", FOUR)
@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
def test_the_wrong_name_is_refused_by_verify_full_only(server: OwnServer, driver: str, mode: str) -> None:
    url = server.url.set(host="127.0.0.1", query={"sslmode": mode})
    with driven(driver, url) as one:
        if mode == "verify-ca":
            assert one.scalar("SELECT 1") == 1
            return
        with pytest.raises(NotTrusted, match="another host name"):
            one.scalar("SELECT 1")


@pytest.mark.parametrize("driver", FOUR)
def test_an_unknown_authority_is_refused(server: OwnServer, folder: Path, driver: str) -> None:
    Authority(folder, "theirs").give(server, "localhost")
    url = server.url.set(host="localhost", query={"sslmode": "verify-full"})
    with driven(driver, url) as one, pytest.raises(NotTrusted, match="unknown authority"):
        one.scalar("SELECT 1")


@pytest.mark.parametrize("driver", FOUR)
def test_an_expired_certificate_is_refused(server: OwnServer, authority: Authority, driver: str) -> None:
    authority.give(server, "localhost", ends=clock.now() - DAY)
    url = server.url.set(host="localhost", query={"sslmode": "verify-full"})
    with driven(driver, url) as one, pytest.raises(NotTrusted, match="expired"):
        one.scalar("SELECT 1")


@pytest.mark.parametrize("driver", FOUR)
def test_without_a_known_authority_the_systems_are_asked(
    server: OwnServer, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLROOTCERT")
    url = server.url.set(host="localhost", query={"sslmode": "verify-full"})
    with driven(driver, url) as one, pytest.raises(NotTrusted, match="unknown authority"):
        one.scalar("SELECT 1")


@pytest.mark.parametrize("driver", FOUR)
def test_a_server_without_tls_is_refused(driver: str, plain_server: OwnServer) -> None:
    url = plain_server.url.set(host="localhost", query={"sslmode": "verify-full"})
    with driven(driver, url) as one, pytest.raises(NotTrusted, match="does not speak TLS"):
        one.scalar("SELECT 1")


@pytest.fixture(scope="module")
def plain_server() -> Iterator[OwnServer]:
    with own_server(programs=DEBIAN_15) as server:
        yield server


def test_opening_a_desk_says_the_same(server: OwnServer) -> None:
    """Migrations sign in before any engine does."""
    url = server.url.set(host="127.0.0.1", query={"sslmode": "verify-full"})
    settings = Settings(database_url=SecretStr(url.render_as_string(hide_password=False)))
    with pytest.raises(NotTrusted, match="another host name"), open_desk(settings):
        pass


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1"])
def test_old_protocols_are_refused(server: OwnServer, version: str) -> None:
    url = server.url.set(query={"sslmode": "verify-full", "ssl_min_protocol_version": version})
    for make in (make_engine, make_async_engine):
        with pytest.raises(Unavailable, match=r"TLS 1\.2 is the oldest"):
            make(url)


@pytest.mark.parametrize("driver", FOUR)
def test_a_server_that_speaks_only_old_tls_is_refused(driver: str, server: OwnServer) -> None:
    server.configure(ssl_min_protocol_version="TLSv1", ssl_max_protocol_version="TLSv1.1")
    server.execute("SELECT pg_reload_conf()")
    try:
        url = server.url.set(host="localhost", query={"sslmode": "verify-full"})
        with driven(driver, url) as one, pytest.raises(NotTrusted, match=r"1\.2 is the oldest"):
            one.scalar("SELECT 1")
    finally:
        server.configure(ssl_min_protocol_version="TLSv1.2", ssl_max_protocol_version="")
        server.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize(
    "where",
    [
        "db.example.com/desk",
        "db.example.com/desk?sslmode=prefer",
        "db.example.com/desk?sslmode=require",
        "db.example.com/desk?sslmode=disable",
        "db.example.com/desk?sslmode=allow",
        "/desk?host=db.example.com",
        "/desk?host=127.0.0.1&host=db.example.com",
        "/desk?host=127.0.0.1,db.example.com",
        "localhost/desk?hostaddr=192.0.2.7",
        "/desk?service=elsewhere",
        "10.0.0.7:5432/desk",
        "[2001:db8::7]/desk",
    ],
)
def test_another_host_needs_verified_tls(where: str) -> None:
    url = make_url(f"postgresql://desk:secret@{where}")
    for make in (make_engine, make_async_engine):
        with pytest.raises(Unavailable, match="without verified TLS"):
            make(url)
    settings = Settings(database_url=SecretStr(url.render_as_string(hide_password=False)))
    with pytest.raises(Unavailable, match="without verified TLS"), open_desk(settings):
        pass
    refuse_plain_tcp(url, Settings(allow_plain_tcp=True))


@pytest.mark.parametrize(
    "where", ["/desk", "/desk?host=/run/pg", "localhost/desk", "127.0.0.1/desk", "[::1]/desk"]
)
def test_this_host_needs_none(where: str) -> None:
    refuse_plain_tcp(make_url(f"postgresql://{where}"), Settings())


def test_variables_of_libpq_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.com")
    with pytest.raises(Unavailable, match=r"db\.example\.com would be reached without"):
        refuse_plain_tcp(make_url("postgresql:///desk"), Settings())
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    refuse_plain_tcp(make_url("postgresql:///desk"), Settings())


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(Unavailable, match="sslmode=on is unknown"):
        make_engine("postgresql://localhost/desk?sslmode=on")
