#!/usr/bin/env python3
"""Writes tests/golden/tokenizer_golden.txt: a compact sample of what the pinned `tokenizers` answers, for text_test.

Every scalar value where behaviour changes (a class boundary), a few thousand strings, and pairs with truncation. Same oracle,
same bytes. The lines are described at the top of the file itself.

  tools/oracle/make_golden.py [--output FILE]
"""
import argparse
import itertools
import os
import pathlib
import random
import struct

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import corpus  # noqa: E402
import make_tables  # noqa: E402
import oracle  # noqa: E402

OUTPUT = oracle.ROOT / "tests/golden/tokenizer_golden.txt"
SETUPS = [
    oracle.Variant(),
    oracle.Variant({"lowercase": False}),
    oracle.Variant({"clean_text": False, "handle_chinese_chars": False}),
    oracle.Variant({"strip_accents": False}),
    oracle.Variant({"strip_accents": True, "lowercase": False}),
    oracle.Variant(added=[("-", "Foo"), ("nslr", "foobar"), ("n", "Été"), ("sl", "中x"), ("r", "ab")]),
]
HEAD = """# What the pinned tokenizers answers; written by tools/oracle/make_golden.py.
# setup INDEX LINE                       part of a tokenizer's set-up (src/text/set_up.h), beside the model's vocabulary
# chars INDEX HASH C…                    scalar values (hex), each c in the text "a" c "b " c U+0301 " C" c; one hash of all
# text INDEX MAX left|right SPECIALS TEXT PAIR HASH ID…   texts in hex, `-` for no pair, `.` for an empty one
# HASH is 64-bit FNV-1a over uint32 little-endian: ids, type ids, then begin and end of each token in bytes.
"""


def fnv(numbers):
    value = 0xCBF29CE484222325
    for byte in struct.pack(f"<{len(numbers)}I", *numbers):
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value


def in_bytes(text, offsets):
    return [number for pair in offsets for number in (len(text[:pair[0]].encode()), len(text[:pair[1]].encode()))]


def numbers_of(encoding, text, pair=None):
    split = encoding.type_ids.index(1) if 1 in encoding.type_ids else len(encoding.ids)
    offsets = in_bytes(text, encoding.offsets[:split])
    if pair is not None:
        offsets += in_bytes(pair, encoding.offsets[split:])
    return [*encoding.ids, *encoding.type_ids, *offsets]


def boundaries():
    records, _ = make_tables.collect()
    previous = None
    for code, record in records.items():
        if record != previous or code in (0xAC00, 0xAC01, 0xD7A3):
            yield code
        previous = record


def hexed(text):
    return "-" if text is None else text.encode().hex() or "."


def lines():
    rng = random.Random(20261125)
    for index, setup in enumerate(SETUPS):
        for name, value in setup.switches.items():
            yield f"setup {index} switch {name} {int(value)}"
        for number, flags, content in setup.added:
            yield f"setup {index} added {number} {flags} {content}"
    theirs = [setup.theirs() for setup in SETUPS]
    codes = list(boundaries())
    for index, start in itertools.product((0, 1), range(0, len(codes), 16)):
        group, numbers = codes[start:start + 16], []
        for code in group:
            text = f"a{chr(code)}b {chr(code)}\u0301 C{chr(code)}"
            numbers += numbers_of(theirs[index].encode(text), text)
        yield " ".join([f"chars {index} {fnv(numbers):016x}", *(f"{code:X}" for code in group)])

    def text_line(index, text, pair=None, limit=0, left=False, specials=True):
        if limit:
            theirs[index].enable_truncation(limit, direction="left" if left else "right")
        else:
            theirs[index].no_truncation()
        encoding = theirs[index].encode(text, pair, add_special_tokens=specials)
        return " ".join(["text", str(index), str(limit), "left" if left else "right", str(int(specials)), hexed(text),
                         hexed(pair), f"{fnv(numbers_of(encoding, text, pair)):016x}", *map(str, encoding.ids)])

    for count in range(1500):
        text = corpus.string(rng)[:40]
        yield text_line(count % len(SETUPS) if count % 2 else 0, text)
    for count in range(200):
        yield text_line(0, corpus.string(rng)[:40], None, rng.randrange(2, 9), bool(count % 2), bool(count % 3))
    words = ["a", "unbelievable", "é", "中", "[SEP]"]
    for count in range(400):
        text, pair = (" ".join(rng.choices(words, k=rng.randrange(7))) for _ in range(2))
        yield text_line(0, text, pair, rng.randrange(3, 15), bool(count % 2), bool(count % 3))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    arguments = parser.parse_args()
    text = HEAD + "\n".join(lines()) + "\n"
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text)
    print(f"make_golden: wrote {arguments.output} ({len(text)} bytes)")


if __name__ == "__main__":
    main()
