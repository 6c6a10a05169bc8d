import errno
import socket

import pytest

from lowner_pl.serving.listening import address_of, listen

from .served import HOST


def test_a_port_can_be_taken_once() -> None:
    with listen(HOST, 0) as first:
        port = first.getsockname()[1]
        assert address_of(HOST, first) == f"http://127.0.0.1:{port}/"
        assert address_of("0.0.0.0", first) == f"http://localhost:{port}/"
        assert address_of("::1", first) == f"http://[::1]:{port}/"
        with pytest.raises(ValueError, match=rf"Port {port} of 127\.0\.0\.1 is in use\. Stop"):
            listen(HOST, port)
    listen(HOST, port).close()  # free again


def test_other_addresses_are_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"no host 'nowhere\.invalid'"):
        listen("nowhere.invalid", 0)
    with pytest.raises(ValueError, match="no host 'aaaa"):
        listen("a" * 100, 0)
    with pytest.raises(ValueError, match="this machine has no such address"):
        listen("192.0.2.1", 0)

    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", forbidden)
    with pytest.raises(ValueError, match=r"Port 80 .*administrator.*Give a --port above 1023\."):
        listen(HOST, 80)
