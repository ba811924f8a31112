#!/usr/bin/env python3
"""The sizes of hearth's images against their budget: what lies above the base image, with and without the model.

    tools/image_sizes.py [IMAGE…] [--minimal IMAGE]… [--base IMAGE]      prints a table; exits with 1 when a budget is exceeded

Bytes are of the layers as the engine reports them (`docker history`), unpacked; a registry stores them compressed.
"""
import argparse
import os
import re
import subprocess
import sys

BUDGET = 15_000_000          # everything but base and model
MINIMAL_BUDGET = 20_000_000  # the minimal image without the model
MODEL_LAYER = re.compile(r"COPY .*/app/models/")


def docker(*arguments):
    client = os.environ.get("HEARTH_DOCKER", "docker")
    return subprocess.run([client, *arguments], check=True, capture_output=True, text=True).stdout


def layers_of(image):
    return docker("image", "inspect", "--format", "{{range .RootFS.Layers}}{{println .}}{{end}}", image).split()


def history_of(image):
    """(bytes, what made the layer), the newest first."""
    rows = docker("history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", image).splitlines()
    return [(int(size), made) for size, made in (row.split("\t", 1) for row in rows)]


def sizes(image, base=None):
    """{"base": bytes, "model": bytes, "rest": bytes}; `base` None: the image stands on nothing. Fails when it does not stand on base."""
    history = history_of(image)
    below = []
    if base:
        if layers_of(image)[:len(layers_of(base))] != layers_of(base):
            raise ValueError(f"{image} does not stand on {base} as it is now: build it again")
        below = history_of(base)
    own = history[:len(history) - len(below)]
    model = sum(size for size, made in own if MODEL_LAYER.search(made))
    return {"base": sum(size for size, _ in below), "model": model, "rest": sum(size for size, _ in own) - model}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", nargs="*", help="an image that stands on --base")
    parser.add_argument("--minimal", action="append", default=[], metavar="IMAGE", help="an image that stands on nothing")
    parser.add_argument("--base", default="debian:bookworm-slim")
    options = parser.parse_args()
    over = False
    print(f"{'image':24} {'base':>10} {'model':>10} {'the rest':>10} {'budget':>10}   MB")
    for image, base, budget in ([(name, options.base, BUDGET) for name in options.image] +
                                [(name, None, MINIMAL_BUDGET) for name in options.minimal]):
        try:
            found = sizes(image, base)
        except (ValueError, subprocess.CalledProcessError) as error:
            print(f"image_sizes: {getattr(error, 'stderr', None) or error}", file=sys.stderr)
            return 1
        megabytes = [found["base"], found["model"], found["rest"], budget]
        verdict = "over the budget" if found["rest"] > budget else "within"
        over |= found["rest"] > budget
        print(f"{image:24} " + " ".join(f"{size / 1e6:10.1f}" for size in megabytes) + f"   {verdict}")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
