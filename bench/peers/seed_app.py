"""The application that hearth is compared with: sentence-transformers behind FastAPI, loaded in the lifespan handler.

Run: MODEL=models/all-MiniLM-L6-v2 uvicorn --app-dir bench/peers seed_app:app --host 127.0.0.1 --port 8000
"""

import contextlib
import os

import fastapi
import pydantic
import sentence_transformers

NOT_READY = 503


class Query(pydantic.BaseModel):
    text: str


@contextlib.asynccontextmanager
async def load_model(application):
    application.state.model = sentence_transformers.SentenceTransformer(os.environ["MODEL"])
    yield
    application.state.model = None


app = fastapi.FastAPI(lifespan=load_model)


def model_or_none():
    return getattr(app.state, "model", None)


@app.get("/health")
async def alive():
    return {"status": "alive"}


@app.get("/ready")
async def readiness(response: fastapi.Response):
    if model_or_none() is not None:
        return {"status": "ready"}
    response.status_code = NOT_READY
    return {"status": "loading"}


@app.post("/embed")
async def embed(query: Query, response: fastapi.Response):
    model = model_or_none()
    if model is None:
        response.status_code = NOT_READY
        return {"error": "model not loaded"}
    # As the seed does it: on the event loop, one text at a time.
    return {"embedding": model.encode(query.text).tolist()}
