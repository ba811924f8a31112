#!/usr/bin/env python3
"""Writes src/text/unicode_tables.cc: what the pinned `tokenizers` does with each of the 1,112,064 Unicode scalar values.

Nothing here comes from a Unicode database. Every property is read off the oracle by brute force, because the oracle mixes
tables of several Unicode versions and has slips of its own that must be copied. Same oracle, same bytes.

  tools/oracle/make_tables.py [--output FILE] [--check]     --check compares with the committed file instead of writing it
"""
import argparse
import functools
import pathlib
import sys

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "src/text/unicode_tables.cc"
BLOCK = 128  # scalar values in a block of the second stage
SCALARS = [*range(0xD800), *range(0xE000, 0x110000)]
HANGUL = range(0xAC00, 0xAC00 + 11172)

DELETED, CJK, DROPPED_MARK, PUNCTUATION, WHITE_SPACE, WORD = (1 << bit for bit in range(6))


def bert(**switches):
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**{**off, **switches}).normalize_str


CLEAN = bert(clean_text=True)
SPACED = bert(handle_chinese_chars=True)
STRIPPED = bert(strip_accents=True)
LOWERED = bert(lowercase=True)
NFD = normalizers.NFD().normalize_str
SPLIT = pre_tokenizers.BertPreTokenizer().pre_tokenize_str


def require(condition, what, code):
    if not condition:
        sys.exit(f"make_tables: the oracle breaks an assumption of src/text at U+{code:04X}: {what}")


def normalizer_flags(code):
    char = chr(code)
    flags = 0
    cleaned = CLEAN(f"a{char}b")
    if cleaned == "ab":
        flags |= DELETED
    else:
        require(cleaned in (f"a{char}b", "a b"), "clean_text does something new", code)
    spaced = SPACED(f"a{char}b")
    if spaced != f"a{char}b":
        require(spaced == f"a {char} b", "handle_chinese_chars does something new", code)
        flags |= CJK
    pieces = [piece for piece, _ in SPLIT(f"a{char}b")]
    if pieces == ["a", "b"]:
        flags |= WHITE_SPACE
    elif pieces == ["a", char, "b"]:
        flags |= PUNCTUATION
    else:
        require(pieces == [f"a{char}b"], "the pre-tokenizer does something new", code)
    require((cleaned == "a b") == (bool(flags & WHITE_SPACE) and not flags & DELETED),
            "white space of clean_text and of the pre-tokenizer differ", code)
    if NFD(char) == char and STRIPPED(char) == "":
        flags |= DROPPED_MARK
    return flags


def word_and_space_sets():
    """What the matcher of added tokens takes for a word character (single_word) and for white space (lstrip)."""
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.add_tokens([AddedToken("<w>", single_word=True, normalized=False),
                          AddedToken("<s>", lstrip=True, normalized=False)])
    word, space = set(), set()
    for start in range(0, len(SCALARS), 50000):
        part = SCALARS[start:start + 50000]
        for code, encoding in zip(part, tokenizer.encode_batch([f"{chr(code)}<w>" for code in part])):
            if 1 not in encoding.ids:
                word.add(code)
        for code, encoding in zip(part, tokenizer.encode_batch([f"{chr(code)}<s>" for code in part])):
            if encoding.offsets[-1][0] == 0:
                space.add(code)
    return word, space


def decompositions():
    found = {}
    for code in SCALARS:
        parts = NFD(chr(code))
        if code in HANGUL:
            index = code - HANGUL.start
            expected = [0x1100 + index // 588, 0x1161 + index % 588 // 28] + ([0x11A7 + index % 28] if index % 28 else [])
            require([ord(part) for part in parts] == expected, "a Hangul syllable decomposes unlike the algorithm", code)
        elif parts != chr(code):
            found[code] = tuple(ord(part) for part in parts)
    return found


def orders(decomposed):
    """Ranks the canonical combining classes by what NFD reorders: 0 for starters, else 1, 2, … in ascending order."""
    def reorders(first, second):
        return NFD(chr(first) + chr(second)) != chr(first) + chr(second)

    lowest, highest = 0x334, 0x345  # overlays come first, ypogegrammeni last
    simple = [code for code in SCALARS if code not in decomposed and code not in HANGUL]
    marks = [code for code in simple if reorders(code, lowest) or reorders(highest, code)]
    compare = functools.cmp_to_key(lambda a, b: 1 if reorders(a, b) else -1 if reorders(b, a) else 0)
    rank, previous, ranks = 0, None, {}
    for code in sorted(marks, key=lambda code: (compare(code), code)):
        if previous is None or reorders(code, previous):
            rank += 1
        require(rank < 64, "kOrders of src/text/unicode.h is too small", code)
        ranks[code], previous = rank, code
    return ranks


class Sequences:
    """One pool of code points; each distinct sequence is stored once."""

    def __init__(self):
        self.pool, self.at = [], {}

    def index(self, sequence):
        if sequence not in self.at:
            self.at[sequence] = len(self.pool)
            self.pool.extend(sequence)
        return self.at[sequence]


def collect():
    """(scalar value → record, sequences): a record is the fields of CharInfo in order."""
    flags = {code: normalizer_flags(code) for code in SCALARS}
    word, space = word_and_space_sets()
    decomposed = decompositions()
    ranks = orders(decomposed)
    sequences, records = Sequences(), {}
    for code in SCALARS:
        if code in word:
            flags[code] |= WORD
        require((code in space) == bool(flags[code] & WHITE_SPACE), "added tokens strip other white space", code)
        parts = decomposed.get(code, ())
        kept = "".join(chr(part) for part in parts if not flags[part] & DROPPED_MARK)
        require(not parts or STRIPPED(chr(code)) == kept, "strip_accents is not NFD without the dropped marks", code)
        lowered = tuple(ord(char) for char in LOWERED(chr(code)))
        if lowered != (code,):
            apart = PUNCTUATION | WHITE_SPACE
            require(not any(flags[each] & apart for each in (code, *lowered)), "a cased character ends a word", code)
        lower = lowered[0] - code if len(lowered) == 1 else sequences.index(lowered)
        decomposition = sequences.index(parts) if parts else 0
        records[code] = (flags[code], ranks.get(code, 0), len(parts), len(lowered), decomposition, lower)
    return records, sequences.pool


def rows(values, width=110):
    line, lines = "", []
    for value in values:
        text = f"{value},"
        if len(line) + len(text) > width:
            lines.append(line)
            line = ""
        line += text
    return "\n".join([*lines, line])


def render(records, pool):
    absent = (0, 0, 0, 1, 0, 0)  # surrogates, which UTF-8 cannot hold
    distinct, index = [], {}
    blocks, block_index, first_stage = [], {}, []
    for start in range(0, 0x110000, BLOCK):
        block = []
        for code in range(start, start + BLOCK):
            record = records.get(code, absent)
            if record not in index:
                index[record] = len(distinct)
                distinct.append(record)
            block.append(index[record])
        block = tuple(block)
        if block not in block_index:
            block_index[block] = len(blocks)
            blocks.append(block)
        first_stage.append(block_index[block])
    infos = ("{" + ",".join(map(str, record)) + "}" for record in distinct)
    return f"""// Generated by tools/oracle/make_tables.py from tokenizers {tokenizers.__version__}. Do not edit.
// clang-format off
#include "text/unicode.h"

namespace hearth::text {{

const uint16_t char_block[{len(first_stage)}] = {{
{rows(first_stage)}
}};

const uint16_t char_index[{len(blocks) * BLOCK}] = {{
{rows(value for block in blocks for value in block)}
}};

const CharInfo char_info[{len(distinct)}] = {{
{rows(infos)}
}};

const char32_t char_sequence[{len(pool)}] = {{
{rows(pool)}
}};

}}  // namespace hearth::text
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = render(*collect())
    if arguments.check:
        if arguments.output.read_text() != text:
            sys.exit(f"make_tables: {arguments.output} is not what tokenizers {tokenizers.__version__} gives; run me")
        print(f"make_tables: {arguments.output.relative_to(ROOT)} is up to date")
    else:
        arguments.output.write_text(text)
        print(f"make_tables: wrote {arguments.output} ({len(text)} bytes)")


if __name__ == "__main__":
    main()
