"""Where a result may be fetched from: https on a public address, and the configured API's own origin.

The link to a result comes in a reply from outside, and finalize runs inside the account, so the link is
held against a rule before a byte is sent (server-side request forgery). How far it goes:

- the scheme must be https, no user in the address, at most `MAX_REDIRECTS` redirects, each checked anew;
- the name is resolved once a connection, every address it has must be public, and the connection goes to
  the very address that was checked: a name that resolves differently a second later (DNS rebinding)
  gains nothing. TLS still verifies the certificate against the name;
- no proxy, netrc login or cookie comes in from the environment, and the API key is never sent;
- the origin of the stack's own SegmindBaseUrl is allowed as it is, so a stand-in on this machine works
  without a switch that could be left on in production.

It does not hide that a public host exists, and it trusts the certificate authorities of `certifi`.
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from lipdrop.download.errors import HostRefused

MAX_REDIRECTS = 3
POOL_CONNECTIONS = 16

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_DEFAULT_PORTS = {"https": 443, "http": 80}


def origin(url: str) -> str:
    """Return `https://host:443` of `url`, lower case, its port always written; "" if it has no host.

    Raises HostRefused for an address that cannot be parsed.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise HostRefused("The result's address is no valid URL.") from None
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname else ""


def check_url(url: str, trusted_origin: str) -> None:
    """Raise HostRefused unless `url` is https without a user in it, or of `trusted_origin`."""
    found = origin(url)
    if found and found == trusted_origin:
        return
    if not found.startswith("https://") or "@" in urlsplit(url).netloc:
        raise HostRefused("The result's address is not https.")


def is_public(address: str) -> bool:
    """Whether `address` (IPv4 or IPv6) belongs to the public internet.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64) is judged by what it carries.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        carried = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            carried = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if carried:
            ip = carried
    return ip.is_global and not ip.is_multicast


def public_addresses(host: str, port: int) -> list[str]:
    """Resolve `host` and return its addresses; raises HostRefused if any of them is not public."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not all(map(is_public, found)):
        raise HostRefused(f"The result's host {host} has an address that is not public.")
    return list(dict.fromkeys(found))


def new_download_session(trusted_base_url: str) -> requests.Session:
    """Return a session that reaches public https hosts and the origin of `trusted_base_url`, nothing else."""
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount("https://", _PublicAdapter(pool_maxsize=POOL_CONNECTIONS))
    trusted = urlsplit(trusted_base_url)
    session.mount(f"{trusted.scheme}://{trusted.netloc}/", HTTPAdapter(pool_maxsize=POOL_CONNECTIONS))
    return session


class _PublicConnection(HTTPSConnection):
    """A TLS connection to an address that was checked, under the name that was asked for."""

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            addresses = public_addresses(name, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from error
        try:
            return self._first_that_answers(addresses)
        finally:
            self._dns_host = name

    def _first_that_answers(self, addresses: list[str]) -> socket.socket:
        for address in addresses:
            self._dns_host = address
            try:
                return super()._new_conn()
            except NewConnectionError:
                if address == addresses[-1]:
                    raise
        raise NewConnectionError(self, "The name has no address.")


class _PublicPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}
