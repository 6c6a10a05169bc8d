"""Reading the body of a request: its size, time, encoding and fields."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from lowner_pl.serving.limits import Limits

Record = TypeVar("Record", bound=BaseModel)
JSON = "application/json"
CLIENT_LEFT = 499
"""Status of an answer that nobody receives."""
_SHOWN = 80  # characters of a value in a message


async def read_body(request: Request, limits: Limits) -> bytes:
    """Receive the body of a request.

    Raises:
        HTTPException: With status 413 if it is too large, 415 if it is not declared to be JSON, 408
            if it does not arrive in time.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        found = f"is {kind[:_SHOWN]!r}" if kind else "is missing"
        raise HTTPException(
            415, f"The header Content-Type {found}. Send JSON with `Content-Type: {JSON}`."
        )
    body = await _received(request, limits.bytes, limits.seconds)
    if body is None:
        raise HTTPException(
            413,
            f"The request is larger than {limits.bytes:,} bytes. A text has at most "
            f"{limits.characters:,} characters; send a longer one in parts.",
        )
    return body


async def _received(request: Request, most: int, seconds: float) -> bytes | None:
    """Receive a body, or return ``None`` once it has more than ``most`` bytes.

    uvicorn drops the rest and keeps the connection open, so that a client gets its answer after it
    has sent all.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    return None
    except TimeoutError:
        raise HTTPException(
            408, f"The request did not arrive within {seconds:g} seconds. Send it again."
        ) from None
    except ClientDisconnect:
        raise HTTPException(CLIENT_LEFT) from None
    return bytes(body)


def parsed(body: bytes, kind: type[Record]) -> Record:
    """Parse the body of a request.

    Args:
        body: JSON in UTF-8.
        kind: The record that it must hold.

    Raises:
        HTTPException: With status 400 if it is no JSON or not in UTF-8, 422 if a field is wrong.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise HTTPException(
            400,
            f"The request is not in UTF-8: byte {error.start} is 0x{body[error.start]:02x}. "
            "Encode it in UTF-8.",
        ) from None
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        problem: Mapping[str, Any] = error.errors(include_url=False)[0]
        if problem["type"] == "json_invalid":
            raise HTTPException(400, f"The request is no JSON: {_reason(problem)}.") from None
        raise HTTPException(422, _wrong_field(problem, list(kind.model_fields))) from None


def _reason(problem: Mapping[str, Any]) -> str:
    """Return why a text is no JSON."""
    reason: str = problem["ctx"]["error"]
    return reason


def _wrong_field(problem: Mapping[str, Any], fields: list[str]) -> str:
    """Say in one sentence what is wrong with a field."""
    name = ".".join(map(str, problem["loc"]))[:_SHOWN]
    known = " and ".join(f"`{field}`" for field in fields)
    if problem["type"] == "missing":
        return f"The field `{name}` is missing. A request is an object with {known}."
    if problem["type"] == "extra_forbidden":
        return f"There is no field `{name}`. A request is an object with {known}."
    if not name:
        return f"The request is no object. Send an object with {known}."
    message = problem["msg"].replace("Input should", "it must")
    return f"The field `{name}` is {repr(problem['input'])[:_SHOWN]}, but {message}."
