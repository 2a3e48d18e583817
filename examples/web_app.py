"""A FastAPI application that makes pictures, and a worker that picks up what it left.

    uvicorn web_app:app
    python web_app.py  # the worker

The application and the worker share a journal. When the application is stopped, or a browser goes
away, no job that was paid for is lost: the worker waits for it and saves its file.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

from runcomfy import AsyncClient, Client, Result, errors
from runcomfy.models.google import nano_banana_2_lite_text_to_image as model

FOLDER = Path(os.environ.get("PICTURES", "pictures"))
FOLDER.mkdir(parents=True, exist_ok=True)
JOURNAL = FOLDER / "journal.sqlite3"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client for as long as the application runs."""
    async with AsyncClient(journal=JOURNAL) as app.state.client:
        yield


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    """What a visitor asks for."""

    prompt: str


@app.post("/pictures", status_code=202)
async def order(asked: Order, request: Request) -> dict[str, str]:
    """Submit a job and answer at once; its request id is all that anybody needs."""
    try:
        job = await model.submit(request.app.state.client, prompt=asked.prompt)
    except errors.InvalidInput as error:
        detail = [str(problem) for problem in error.problems]
        raise HTTPException(422, detail) from error
    except errors.RunComfyError as error:
        # Whether it may be tried again without paying twice.
        headers = {"X-Submitted": str(error.submitted).lower()}
        raise HTTPException(502, str(error), headers) from error
    return {"request_id": job.request_id}


@app.get("/pictures/{request_id}")
async def state(request_id: str, request: Request) -> dict[str, str]:
    """Tell where a job is."""
    status = await model.job(request.app.state.client, request_id).status()
    return {"state": str(status.state)}


@app.delete("/pictures/{request_id}")
async def cancel(request_id: str, request: Request) -> dict[str, bool]:
    """Cancel a job, if it still queues."""
    return {"cancelled": await model.job(request.app.state.client, request_id).cancel()}


def work() -> None:
    """Wait for every job that is not over, and save its files."""
    with Client(journal=JOURNAL) as client:
        for entry, outcome in client.journal.resume():
            if isinstance(outcome, Result):
                print(entry.request_id, *outcome.download(FOLDER))
            else:
                print(entry.request_id, outcome)


if __name__ == "__main__":
    work()
