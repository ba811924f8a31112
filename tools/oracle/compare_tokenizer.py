#!/usr/bin/env python3
"""Compares hearth's tokenizer with the pinned `tokenizers`: ids, type ids and offsets must be equal, everywhere.

Every Unicode scalar value in several contexts; seeded random strings; pairs with every case of truncation; the switches of
the normaliser; the flags of added tokens. A fresh seed each time, printed. script/oracle builds what it needs.

  tools/oracle/compare_tokenizer.py --binary FILE [--seed N] [--strings N] [--quick]
"""
import argparse
import itertools
import multiprocessing
import os
import pathlib
import random
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import corpus  # noqa: E402
import oracle  # noqa: E402

CONTEXTS = {  # of a character c; beside each other they would hide one another
    "alone": "{c}", "inside": "a{c}b", "after a space": " {c}", "doubled": "{c}{c}", "beside an accent": "e\u0301{c}\u0316e",
    "beside CJK": "中{c}国", "upper case": "ABC{c}DEF", "after a mark that stays": "x\U0001D165{c}\u0301",
}
SLICE = 34816  # scalar values a job


def differences(variant, texts, pairs, binary, max_tokens=0, left=False, specials=True):
    theirs = variant.theirs()
    if max_tokens:
        theirs.enable_truncation(max_tokens, direction="left" if left else "right")
    inputs = texts if pairs is None else list(zip(texts, pairs))
    mine = variant.ours(binary).encode(texts, pairs, max_tokens, left, specials)
    found = []
    for index, (encoding, (truncated, ids, type_ids, offsets)) in enumerate(
            zip(theirs.encode_batch(inputs, add_special_tokens=specials), mine)):
        same = encoding.ids == ids and encoding.type_ids == type_ids
        if same and pairs is None:
            same = oracle.characters_of(texts[index], offsets) == encoding.offsets
            same = same and truncated == bool(encoding.overflowing)
        elif same:
            split = type_ids.index(1) if 1 in type_ids else len(type_ids)
            same = (oracle.characters_of(texts[index], offsets[:split]) == encoding.offsets[:split] and
                    oracle.characters_of(pairs[index], offsets[split:]) == encoding.offsets[split:])
        if not same:
            found.append(f"[{variant}] max {max_tokens} left {left} specials {specials} text {inputs[index]!a}\n"
                         f"    oracle {encoding.ids} {encoding.offsets}\n    hearth {ids} {offsets} {type_ids}")
    return found


def scalars_job(job):
    context, switches, first, binary = job
    codes = [code for code in range(first, min(first + SLICE, 0x110000)) if not 0xD800 <= code < 0xE000]
    texts = [CONTEXTS[context].replace("{c}", chr(code)) for code in codes]
    return len(texts), differences(oracle.Variant(switches), texts, None, binary)


def strings_job(job):
    seed, count, variant, options, binary = job
    rng = random.Random(seed)
    texts = [corpus.string(rng) for _ in range(count)]
    return count, differences(variant, texts, None, binary, **options)


def pairs_job(job):
    seed, max_tokens, left, specials, binary = job
    rng = random.Random(seed)
    words = lambda n: " ".join(rng.choice(["a", "unbelievable", "é", "中", "[MASK]", "tokenization"]) for _ in range(n))  # noqa: E731
    lengths = [*itertools.product(range(8), range(8)), *((rng.randrange(30), rng.randrange(30)) for _ in range(60))]
    texts = [words(first) for first, _ in lengths]
    pairs = [words(second) for _, second in lengths]
    return len(texts), differences(oracle.Variant(), texts, pairs, binary, max_tokens, left, specials)


def added_variants():
    """Added tokens with every combination of flags, beside those of the model."""
    for flags in ("".join(some) for size in range(5) for some in itertools.combinations("nslr", size)):
        flags = flags or "-"
        yield oracle.Variant(added=[(flags, "Foo"), (flags, "foobar"), ("n", "Été"), (flags, "中x")])
    yield oracle.Variant(added=[("lr", "  "), ("s", "é"), ("nl", ","), ("r", "ab")])
    yield oracle.Variant({"lowercase": False}, [("n", "İst"), ("ns", "Foo")])


def switch_variants():
    for values in itertools.product((True, False), (True, False), (None, True, False), (True, False)):
        yield dict(zip(oracle.SWITCHES, values))


def jobs(arguments):
    rng = random.Random(arguments.seed)
    binary = arguments.binary
    step = SLICE * 8 if arguments.quick else SLICE
    for context in CONTEXTS:
        for first in range(0, 0x110000, step):
            yield scalars_job, (context, {}, first, binary)
    for switches in ({"lowercase": False, "strip_accents": False}, {"strip_accents": False},
                     {"clean_text": False, "handle_chinese_chars": False, "lowercase": False, "strip_accents": True}):
        for first in range(0, 0x110000, step):
            yield scalars_job, ("inside", switches, first, binary)
    part = 5000
    for index in range(max(arguments.strings // part, 1)):
        options = [{}, {}, {"specials": False}, {"max_tokens": rng.randrange(2, 40), "left": bool(index % 2)}][index % 4]
        yield strings_job, (rng.random(), part, oracle.Variant(), options, binary)
    for switches in switch_variants():
        yield strings_job, (rng.random(), 2000, oracle.Variant(switches), {}, binary)
    for variant in added_variants():
        yield strings_job, (rng.random(), 2000, variant, {}, binary)
    for max_tokens, left, specials in itertools.product((0, *range(1, 24)), (False, True), (False, True)):
        if max_tokens == 0 or not specials or max_tokens >= 3:  # below its template's size the oracle does not truncate
            yield pairs_job, (rng.random(), max_tokens, left, specials, binary)


def run(job):
    function, argument = job
    return (function.__name__.removesuffix("_job"), *function(argument))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--strings", type=int, default=200_000)
    parser.add_argument("--quick", action="store_true", help="an eighth of the scalar values")
    arguments = parser.parse_args()
    print(f"compare_tokenizer: seed {arguments.seed}", flush=True)
    start, counts, found = time.monotonic(), {}, []
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for kind, count, different in pool.imap_unordered(run, jobs(arguments)):
            counts[kind] = counts.get(kind, 0) + count
            found += different
    compared = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    print(f"compare_tokenizer: {compared} compared in {time.monotonic() - start:.0f} s")
    for line in found[:20]:
        print(line)
    if found:
        sys.exit(f"compare_tokenizer: {len(found)} differences from the oracle (seed {arguments.seed})")
    print("compare_tokenizer: ids, type ids and offsets are equal")


if __name__ == "__main__":
    main()
