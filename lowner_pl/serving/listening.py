"""Where a server listens, and who may ask it."""

import errno
import socket
from ipaddress import ip_address

_BACKLOG = 256
_REASONS = {
    errno.EACCES: "only an administrator may use it. Give a --port above 1023",
    errno.EADDRNOTAVAIL: "this machine has no such address. Give another --host",
}


def listen(host: str, port: int) -> socket.socket:
    """Listen on a port, so that nobody else can take it; clients wait until they are answered.

    Args:
        host: Name or address of this machine; ``0.0.0.0`` is all its addresses.
        port: The port; 0 for any that is free.

    Raises:
        ValueError: If the port is in use or forbidden, or the host is not this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        raise ValueError(
            f"There is no host {host[:80]!r}. Give --host a name or an address of this machine."
        ) from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # of an ended server
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ValueError(
                f"Port {port} of {host} is in use. Stop the program that uses it, or give another "
                "--port."
            ) from None
        reason = _REASONS.get(error.errno or 0, str(error.strerror))
        raise ValueError(f"Port {port} of {host} can't be used: {reason}.") from None
    return listener


def address_of(host: str, listener: socket.socket) -> str:
    """Return the web address of a listener, as a browser on this machine opens it."""
    port = listener.getsockname()[1]
    shown = "localhost" if host in ("0.0.0.0", "::", "") else host
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means the machine itself, for nobody else.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1")]
    [True, True, True]
    >>> [is_loopback(host) for host in ("0.0.0.0", "127.0.0.1.example.com", "")]
    [False, False, False]
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def named_host(header: str) -> str:
    """Return the host in a ``Host`` header, without its port and brackets.

    >>> named_host("localhost:8000"), named_host("[::1]:8000"), named_host("::1")
    ('localhost', '::1', '')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0]
    host, _, port = header.partition(":")
    return host if not port or port.isdigit() else ""
