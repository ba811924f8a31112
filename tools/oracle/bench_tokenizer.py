#!/usr/bin/env python3
"""Tokenises English text on one thread with hearth and with the Python `tokenizers`, alternated in one run; medians.

The texts are sentences of 5 to 60 common words with punctuation, from a fixed seed: the same for all.

  tools/oracle/bench_tokenizer.py --binary build/release/benchmarks/tokenizer_bench [--rounds N] [--json FILE]
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import oracle  # noqa: E402


def texts():
    rng = random.Random(7)
    pieces = (oracle.MODEL / "vocab.txt").read_text().splitlines()
    words = [piece for piece in pieces[1996:] if piece.isascii() and piece.isalpha()]  # by frequency, as BERT's list is
    endings = ["s", "ing", "ization", "able", "ness"]
    lines = []
    for _ in range(2000):
        line = []
        for _ in range(rng.randrange(5, 60)):
            word = words[min(int(rng.paretovariate(0.6)) - 1, len(words) - 1)]
            if rng.random() < 0.06:
                word += rng.choice(endings)
            line.append(word.capitalize() if rng.random() < 0.08 else word)
            if rng.random() < 0.12:
                line[-1] += rng.choice(",.;:")
        lines.append(" ".join(line) + ".")
    return lines


def theirs(encode, lines, seconds):
    size, done, start = sum(len(line) for line in lines), 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        encode(lines)
        done += size
    return done / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    lines, tokenizer = texts(), oracle.Variant().theirs()
    rates = {"hearth": [], "encode": [], "encode_batch": []}
    detail = {}
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        for _ in range(arguments.rounds):
            answer = subprocess.run([arguments.binary, oracle.MODEL / "vocab.txt", file.name, str(arguments.seconds)],
                                    check=True, capture_output=True, text=True).stdout
            detail = json.loads(answer)
            rates["hearth"].append(detail["bytes_per_second"])
            rates["encode"].append(theirs(lambda texts: [tokenizer.encode(text) for text in texts], lines, arguments.seconds))
            rates["encode_batch"].append(theirs(tokenizer.encode_batch, lines, arguments.seconds))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    names = {"hearth": "hearth", "encode": "tokenizers, encode", "encode_batch": "tokenizers, encode_batch"}
    print(f"{'English text, one thread':<28}{'MB/s':>10}{'hearth is':>14}")
    for name, value in medians.items():
        ratio = "" if name == "hearth" else f"{statistics.median(h / t for h, t in zip(rates['hearth'], rates[name])):.0f} x faster"
        print(f"{names[name]:<28}{value / 1e6:>10.2f}{ratio:>14}")
    print(f"open {detail['open_us']:.1f} us, block {detail['block_bytes']:,} bytes, pack {detail['pack_ms']:.0f} ms")
    if arguments.json:
        arguments.json.write_text(json.dumps({"bytes_per_second": medians, "rounds": rates, "hearth": detail}, indent=1) + "\n")


if __name__ == "__main__":
    main()
