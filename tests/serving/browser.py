"""A headless Chromium for tests, driven through a pipe with the DevTools protocol."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FOUND = next(filter(None, map(shutil.which, NAMES)), None)
SECONDS = 60
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-pipe",
)
# The browser reads commands from descriptor 3 and answers on 4.
_START = (
    "import os, sys; reading, writing, *words = sys.argv[1:]; "
    "os.dup2(int(reading), 3); os.dup2(int(writing), 4); os.execv(words[0], words)"
)
_KEYS = {
    "Enter": 13,
    "Tab": 9,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowRight": 39,
    " ": 32,
    "Backspace": 8,
}
_TYPED = {"Enter": "\r", " ": " "}


class Page:
    """An open page.

    Args:
        reading: What the browser says.
        writing: What it is told.

    Attributes:
        asked: The addresses that the browser has asked for.
    """

    def __init__(self, reading: IO[bytes], writing: IO[bytes]) -> None:
        self._reading = reading
        self._writing = writing
        self._number = 0
        self._session = ""
        self.asked: list[str] = []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        attached = self._send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._send("Network.enable")
        self._send("Page.enable")

    def open(self, url: str) -> None:
        """Open an address, and wait until its scripts have run."""
        self._send("Page.navigate", url=url)
        self.wait(f"document.readyState === 'complete' && location.href === {json.dumps(url)}")

    def run(self, script: str) -> Any:
        """Evaluate JavaScript in the page, and return its value."""
        answer = self._send(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression of JavaScript is true."""
        limit = time.monotonic() + SECONDS
        while not self.run(condition):
            assert time.monotonic() < limit, (condition, self.run("document.body.innerText"))
            time.sleep(0.02)

    def text(self, identifier: str) -> str:
        """Return the text of an element."""
        shown: str = self.run(f"document.getElementById({json.dumps(identifier)}).textContent")
        return shown

    def type(self, text: str) -> None:
        """Type or paste a text where the focus is."""
        self._send("Input.insertText", text=text)

    def press(self, key: str, *, ctrl: bool = False, shift: bool = False) -> None:
        """Press a key: a letter, a digit, or one of those in the table above."""
        number = _KEYS.get(key) or ord(key.upper())
        pressed = {"key": key, "code": key, "windowsVirtualKeyCode": number}
        pressed["modifiers"] = 2 * ctrl + 8 * shift
        if (key in _TYPED or len(key) == 1) and not ctrl:
            pressed["text"] = _TYPED.get(key, key)
        self._send("Input.dispatchKeyEvent", type="keyDown", **pressed)
        self._send("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def drag(self, start: str, end: str) -> None:
        """Press the mouse on an element, move it to another one, and release it there.

        Args:
            start: A selector of the first element.
            end: A selector of the second one; the same for a click.
        """
        at = {"x": 0.0, "y": 0.0}
        mouse = {"button": "left", "buttons": 1, "clickCount": 1}
        for kind, selector in (("mousePressed", start), ("mouseMoved", end)):
            box = self.run(
                f"document.querySelector({json.dumps(selector)}).getClientRects()[0].toJSON()"
            )
            at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
            self._send("Input.dispatchMouseEvent", type=kind, **at, **mouse)
        self._send("Input.dispatchMouseEvent", type="mouseReleased", **at, **mouse)

    def allow_the_clipboard(self) -> None:
        """Let scripts of the page write and read the clipboard."""
        both = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        self._send("Browser.grantPermissions", permissions=both)

    def picture(self, file: Path) -> None:
        """Write what the page looks like as a PNG."""
        file.write_bytes(b64decode(self._send("Page.captureScreenshot")["data"]))

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command, and return its result."""
        self._number += 1
        said = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            said["sessionId"] = self._session
        self._writing.write(json.dumps(said).encode() + b"\0")
        while True:
            heard = self._heard()
            if heard.get("method") == "Network.requestWillBeSent":
                self.asked.append(heard["params"]["request"]["url"])
            if heard.get("id") == self._number:
                assert "error" not in heard, heard["error"]
                result: dict[str, Any] = heard["result"]
                return result

    def _heard(self) -> dict[str, Any]:
        """Read one message, which ends with a zero byte."""
        message = bytearray()
        while (letter := self._reading.read(1)) != b"\0":
            assert letter, "The browser has ended."
            message += letter
        heard: dict[str, Any] = json.loads(message)
        return heard


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start the browser for the length of a ``with`` block.

    Args:
        folder: An empty folder for its profile.
    """
    assert FOUND is not None
    (their_reading, writing), (reading, their_writing) = os.pipe(), os.pipe()
    theirs = [fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (their_reading, their_writing)]
    os.close(their_reading)
    os.close(their_writing)
    options = [*_OPTIONS, f"--user-data-dir={folder}"]
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", _START, *map(str, theirs), FOUND, *options],
        pass_fds=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for one in theirs:
        os.close(one)
    try:
        with os.fdopen(reading, "rb") as heard, os.fdopen(writing, "wb", buffering=0) as said:
            yield Page(heard, said)
    finally:
        process.terminate()
        process.wait(20)
