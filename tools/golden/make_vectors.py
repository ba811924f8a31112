#!/usr/bin/env python3
"""Writes tests/golden/minilm_texts.jsonl and minilm_vectors.f32: 200 texts and sentence-transformers' vectors of them.

Needs the environment of the seed application (script/bench makes it: build/bench-venvs/seed) and the model's folder
(script/model). Run:   build/bench-venvs/seed/bin/python tools/golden/make_vectors.py
`--check` writes nothing and compares with what is committed instead (largest difference, smallest cosine).
"""

import argparse
import json
import pathlib
import sys

import numpy
import torch
from sentence_transformers import SentenceTransformer

import texts

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXTS = ROOT / "tests" / "golden" / "minilm_texts.jsonl"
VECTORS = ROOT / "tests" / "golden" / "minilm_vectors.f32"


def make(model):
    """JSON lines and the [n][384] array, each text encoded alone in f32."""
    lines = []
    vectors = []
    for number, (kind, text) in enumerate(texts.all_texts()):
        tokens = int(model.preprocess([text])["input_ids"].shape[1])
        lines.append(json.dumps({"id": number, "kind": kind, "tokens": tokens, "text": text}))
        vectors.append(model.encode(text))
    return "\n".join(lines) + "\n", numpy.asarray(vectors, dtype="<f4")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    model = SentenceTransformer(str(ROOT / "models" / "all-MiniLM-L6-v2"), device="cpu")
    lines, vectors = make(model)
    if arguments.check:
        old = numpy.fromfile(VECTORS, dtype="<f4").reshape(vectors.shape).astype("f8")
        vectors = vectors.astype("f8")
        cosine = (old * vectors).sum(1) / numpy.linalg.norm(old, axis=1) / numpy.linalg.norm(vectors, axis=1)
        print(f"texts equal: {TEXTS.read_text() == lines}, max abs {abs(old - vectors).max():.1e}, cosine min {cosine.min():.9f}")
        return 0 if TEXTS.read_text() == lines and cosine.min() > 0.9999999 else 1
    TEXTS.write_text(lines)
    vectors.tofile(VECTORS)
    print(f"wrote {len(vectors)} texts to {TEXTS.relative_to(ROOT)} and {vectors.nbytes} bytes to {VECTORS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
