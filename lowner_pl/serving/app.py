"""The web application: tag a text, the state of the server, and the pages."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from lowner_pl import __version__
from lowner_pl.serving.body import CLIENT_LEFT, JSON, parsed, read_body
from lowner_pl.serving.limits import Limits
from lowner_pl.serving.records import EntityRecord, Health, Problem, TagAnswer, TagRequest
from lowner_pl.serving.reference import reference
from lowner_pl.serving.routes import Page, add_files, this_machine_only
from lowner_pl.serving.site import Site
from lowner_pl.serving.worker import ClientGoneError, Worker
from lowner_pl.tagging import TextTagger

OTHERS = "Start it with --host to serve other machines."
ABOUT = "Named entity recognition with lowner_pl. Errors have one sentence in the field detail."
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body is no JSON or not in UTF-8."},
    408: {"description": "The body did not arrive in time."},
    413: {"description": "The text is too long."},
    415: {"description": "The header Content-Type is not application/json."},
    422: {"description": "A field is wrong."},
    500: {"description": "The tagger failed."},
    503: {"description": "The server has too many requests, or the text took too long."},
}


def make_app(
    tagger: TextTagger,
    limits: Limits,
    *,
    name: str = "",
    local: bool = True,
    failed: Callable[[Exception], str] = str,
) -> FastAPI:
    """Make the web application of a tagger.

    Args:
        tagger: The tagger.
        limits: The limits.
        name: What to call the tagger.
        local: Whether to refuse requests that name another host than this machine, as those do that
            a foreign web page sends through a browser (DNS rebinding).
        failed: Told an unexpected error, such as one of the tagger; returns the client's sentence.
    """
    worker = Worker(tagger, limits.requests)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        working = asyncio.create_task(worker.run())
        yield
        working.cancel()

    app = FastAPI(
        title="lowner_pl",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # FastAPI's own pages load scripts from another machine
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(this_machine_only(OTHERS))] if local else [],
    )

    @app.post(
        "/tag",
        summary="Find the entities of a text",
        responses={code: {**one, "model": Problem} for code, one in _PROBLEMS.items()},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {JSON: {"schema": TagRequest.model_json_schema()}},
            }
        },
    )
    async def tag(request: Request) -> TagAnswer:
        with worker.place() as free:
            if not free:
                raise HTTPException(
                    503,
                    f"The server is working on {limits.requests} requests, which is its limit. Try "
                    "again in a second.",
                    {"Retry-After": "1"},
                )
            order = parsed(await read_body(request, limits), TagRequest)
            if len(order.text) > limits.characters:
                raise HTTPException(
                    413,
                    f"The text has {len(order.text):,} characters, but at most "
                    f"{limits.characters:,} are allowed. Send it in parts.",
                )
            try:
                found = await worker.tag(
                    order.text, seconds=limits.seconds, gone=request.is_disconnected
                )
            except TimeoutError:
                raise HTTPException(
                    503,
                    f"Tagging took longer than {limits.seconds:g} seconds. Send a shorter text, or "
                    "try again when fewer others use the server.",
                ) from None
            except ClientGoneError:
                raise HTTPException(CLIENT_LEFT) from None
            kept = (one.as_dict() for one in found if one.confidence >= order.min_confidence)
            records = [EntityRecord(**one) for one in kept]
            return TagAnswer(text=order.text, entities=records, offsets="code points")

    @app.get("/health", summary="The state of the server")
    async def health() -> Health:
        return Health(
            version=__version__,
            run=name,
            language=tagger.language,
            entity_types=list(tagger.entity_types),
            requests=worker.requests,
            max_requests=limits.requests,
            max_characters=limits.characters,
            max_seconds=limits.seconds,
        )

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": failed(error)}, 500)

    site = Site(tagger, name)
    pages: dict[str, Page] = {
        "/": site.index,
        "/docs": lambda: site.page("API", reference(app.openapi())),
    }
    add_files(app, pages, site.files, see="/ and /docs")
    return app
