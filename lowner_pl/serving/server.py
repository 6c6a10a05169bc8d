"""Running the web application until the process is stopped."""

import socket

from fastapi import FastAPI
from uvicorn import Config, Server

FINISHING = 3
"""Seconds in which running requests may finish after SIGINT or SIGTERM."""


def server(app: FastAPI) -> Server:
    """Make the server of an application; `uvicorn.Server.run` with a listening socket starts it.

    It says nothing: what users need to know is said by the command.
    """
    config = Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=FINISHING,
    )
    return Server(config)


def run(app: FastAPI, listener: socket.socket) -> None:
    """Answer requests until SIGINT or SIGTERM, which is raised again after running ones are done.

    Args:
        app: The application.
        listener: A listening socket.
    """
    server(app).run(sockets=[listener])
