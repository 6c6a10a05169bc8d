"""The web application: tag a text, the state of the server, and the pages."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from lowner_pl import __version__
from lowner_pl.serving.body import CLIENT_LEFT, JSON, parsed, read_body
from lowner_pl.serving.limits import Limits
from lowner_pl.serving.listening import is_loopback, named_host
from lowner_pl.serving.records import EntityRecord, Health, Problem, TagAnswer, TagRequest
from lowner_pl.serving.reference import reference
from lowner_pl.serving.site import POLICY, Site
from lowner_pl.serving.worker import ClientGoneError, Worker
from lowner_pl.tagging import TextTagger

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
        dependencies=[Depends(_from_here)] if local else [],
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

    _add_pages(app, Site(tagger, name))
    return app


def _add_pages(app: FastAPI, site: Site) -> None:
    """Add the pages, their files, and sentences for wrong addresses."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    described: list[str] = []

    @app.get("/", include_in_schema=False)
    async def index() -> HTMLResponse:
        return HTMLResponse(site.index, headers=headers)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        if not described:
            described.append(site.page("API", reference(app.openapi())))
        return HTMLResponse(described[0], headers=headers)

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        if name not in site.files:
            raise HTTPException(404)
        kind, content = site.files[name]
        return Response(content, media_type=kind, headers=headers)

    @app.exception_handler(404)
    async def no_page(request: Request, _: Exception) -> JSONResponse:
        path = request.url.path[:80]
        return JSONResponse({"detail": f"There is no page '{path}'. See / and /docs."}, 404)

    @app.exception_handler(405)
    async def wrong_method(request: Request, error: HTTPException) -> JSONResponse:
        known = (error.headers or {}).get("Allow", "")
        said = f"{request.url.path} can't be asked with {request.method}. Use {known}."
        return JSONResponse({"detail": said}, 405, headers=error.headers)


async def _from_here(request: Request) -> None:
    """Refuse a request that names another host than this machine."""
    host = named_host(request.headers.get("host", ""))
    if not is_loopback(host):
        raise HTTPException(
            403,
            f"The request is for the host '{host[:80]}', but this server answers for localhost "
            "only. Start it with --host to serve other machines.",
        )
