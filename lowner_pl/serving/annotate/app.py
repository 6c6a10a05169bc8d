"""The web application on which one person annotates: the state, decisions, and the page."""

from collections.abc import Callable

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from lowner_pl.annotation.session import Session, StaleError, View
from lowner_pl.corpus import Entity
from lowner_pl.serving.annotate.records import Decision, Undoing
from lowner_pl.serving.annotate.site import annotation_site
from lowner_pl.serving.body import parsed, read_body
from lowner_pl.serving.limits import Limits
from lowner_pl.serving.routes import add_files, this_machine_only

STALE = 409
"""Status of the answer to a decision about a state that is over."""


def make_annotation_app(
    session: Session, *, name: str = "", failed: Callable[[Exception], str] = str
) -> FastAPI:
    """Make the web application of a session. It answers this machine only.

    Args:
        session: The session.
        name: What to call the tagger.
        failed: Told an unexpected error; returns the client's sentence.
    """
    limits = Limits()
    app = FastAPI(
        title="lowner_pl annotate",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(this_machine_only())],
    )

    @app.get("/state")
    def state() -> View:
        return session.view()

    @app.post("/decide")
    async def decide(request: Request) -> View:
        order = parsed(await read_body(request, limits), Decision)

        def work() -> View:
            entities = [Entity(one.start, one.end, one.type) for one in order.entities]
            return session.decide(order.id, order.version, order.action, entities)

        return await _answered(work)

    @app.post("/undo")
    async def undo(request: Request) -> View:
        order = parsed(await read_body(request, limits), Undoing)
        return await _answered(lambda: session.undo(order.version))

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": failed(error)}, 500)

    site = annotation_site(session.types, session.tagger.language, name)
    add_files(app, {"/": site.page}, site.files, see="/")
    return app


async def _answered(work: Callable[[], View]) -> View:
    """Do the work in a thread, and name its errors.

    Raises:
        HTTPException: With status 409 if the state is over, 422 if a value is wrong, 507 if the
            journal can't be written.
    """
    try:
        return await run_in_threadpool(work)
    except StaleError as error:
        raise HTTPException(STALE, str(error)) from None
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    except OSError as error:
        raise HTTPException(507, f"The decision was not saved. {error}") from None
