"""How far a server's vectors are from sentence-transformers' on the 200 golden texts."""

import array
import json
import math
import pathlib
import urllib.error
import urllib.request

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
WIDTH = 384


def golden():
    texts = [json.loads(line) for line in (GOLDEN / "minilm_texts.jsonl").read_text().splitlines()]
    values = array.array("f", (GOLDEN / "minilm_vectors.f32").read_bytes())
    return [(t["kind"], t["text"], values[t["id"] * WIDTH:(t["id"] + 1) * WIDTH]) for t in texts]


def ask(base, form, text):
    path, body = ("/v1/embeddings", {"input": [text], "model": "m"}) if form == "openai" else ("/embed", {"text": text})
    request = urllib.request.Request(base + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        result = json.load(answer)
    return result["data"][0]["embedding"] if form == "openai" else result["embedding"]


def measure(base, form):
    """Smallest cosine, largest absolute difference, and which kinds of text were refused or wrong."""
    cosines, largest, refused, wrong = [], 0.0, {}, {}
    for kind, text, expected in golden():
        try:
            vector = ask(base, form, text)
        except urllib.error.HTTPError as error:
            refused[kind] = refused.get(kind, 0) + 1
            error.close()
            continue
        length = math.sqrt(sum(x * x for x in vector)) * math.sqrt(sum(x * x for x in expected))
        cosine = sum(x * y for x, y in zip(vector, expected, strict=True)) / length if length > 0 else 0.0
        cosines.append(cosine)
        largest = max(largest, max(abs(x - y) for x, y in zip(vector, expected)))
        if cosine < 0.9999:
            wrong[kind] = wrong.get(kind, 0) + 1
    return {"texts": len(cosines), "refused": refused, "below_0.9999": wrong,
            "cosine_min": min(cosines), "cosine_mean": sum(cosines) / len(cosines), "max_abs": largest}
