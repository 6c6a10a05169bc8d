"""What all web applications of the package share: pages, their files, and who may ask."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from lowner_pl.serving.listening import is_loopback, named_host
from lowner_pl.serving.site import POLICY

Page = str | Callable[[], str]
"""The HTML of a page, or what makes it when it is first asked for."""


def add_files(
    app: FastAPI,
    pages: Mapping[str, Page],
    files: Mapping[str, tuple[str, str]],
    *,
    see: str,
) -> None:
    """Add pages, their files, and sentences for wrong addresses.

    Args:
        app: The application.
        pages: The pages by their addresses.
        files: Media type and content of each file below ``static/``.
        see: What addresses to recommend.
    """
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    for address, page in pages.items():
        app.add_api_route(address, _page(page, headers), include_in_schema=False)

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        if name not in files:
            raise HTTPException(404)
        kind, content = files[name]
        return Response(content, media_type=kind, headers=headers)

    @app.exception_handler(404)
    async def no_page(request: Request, _: Exception) -> JSONResponse:
        path = request.url.path[:80]
        return JSONResponse({"detail": f"There is no page '{path}'. See {see}."}, 404)

    @app.exception_handler(405)
    async def wrong_method(request: Request, error: HTTPException) -> JSONResponse:
        known = (error.headers or {}).get("Allow", "")
        said = f"{request.url.path} can't be asked with {request.method}. Use {known}."
        return JSONResponse({"detail": said}, 405, headers=error.headers)


def _page(page: Page, headers: Mapping[str, str]) -> Callable[[], HTMLResponse]:
    """Make what answers with a page."""
    made: list[str] = []

    def answer() -> HTMLResponse:
        if not made:
            made.append(page if isinstance(page, str) else page())
        return HTMLResponse(made[0], headers=dict(headers))

    return answer


def this_machine_only(advice: str = "") -> Callable[[Request], Awaitable[None]]:
    """Make a dependency that refuses requests that name another host than this machine.

    Args:
        advice: What to do to serve other machines.
    """

    async def check(request: Request) -> None:
        host = named_host(request.headers.get("host", ""))
        if not is_loopback(host):
            said = (
                f"The request is for the host '{host[:80]}', but this server answers for localhost "
                f"only. {advice}"
            )
            raise HTTPException(403, said.rstrip())

    return check
