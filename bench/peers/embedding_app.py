"""What the ONNX Runtime and OpenVINO peers share: tokenizers, mean pooling and the routes, as thin as Starlette allows.

The engine is a function (ids, mask, types: int64 [n][length]) → last hidden state [n][length][384]. Texts of one request
are padded to the longest of them, as these engines want it. Work runs on the event loop: one request at a time.
"""

import json
import os
import pathlib

import numpy
import tokenizers
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

MAX_TOKENS = 256


def load_tokenizer(folder):
    tokenizer = tokenizers.Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    return tokenizer


def make_app(engine):
    tokenizer = load_tokenizer(os.environ["MODEL"])

    def vectors(texts):
        encoded = tokenizer.encode_batch(texts)
        ids = numpy.array([e.ids for e in encoded], dtype=numpy.int64)
        mask = numpy.array([e.attention_mask for e in encoded], dtype=numpy.int64)
        types = numpy.zeros_like(ids)
        hidden = engine(ids, mask, types)
        weights = mask[:, :, None].astype(numpy.float32)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        return pooled / numpy.maximum(numpy.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)

    async def embed(request):
        body = json.loads(await request.body())
        if "text" in body:
            return JSONResponse({"embedding": vectors([body["text"]])[0].tolist()})
        texts = body["inputs"] if isinstance(body["inputs"], list) else [body["inputs"]]
        return JSONResponse(vectors(texts).tolist())

    async def health(request):
        return JSONResponse({"status": "alive"})

    async def ready(request):
        return JSONResponse({"status": "ready"})

    return Starlette(routes=[Route("/health", health), Route("/ready", ready), Route("/embed", embed, methods=["POST"])])
