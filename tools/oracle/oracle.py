"""The two tokenizers that are compared: the pinned `tokenizers`, and hearth's behind build/*/src/text/tokenizer_oracle."""
import json
import pathlib
import struct
import subprocess
import threading

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "models/all-MiniLM-L6-v2"
SPECIAL = [("-", "[PAD]"), ("-", "[UNK]"), ("-", "[CLS]"), ("-", "[SEP]"), ("-", "[MASK]")]
SWITCHES = ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase")


class Variant:
    """A tokenizer's set-up: the model's own, with other switches of the normaliser and other added tokens.

    added: (flags, content), flags some of n(ormalised) s(ingle word) l(strip) r(strip), or "-". What the vocabulary lacks
    gets the next ids.
    """

    def __init__(self, switches=None, added=()):
        self.switches = dict(switches or {})
        ids = {piece: number for number, piece in enumerate((MODEL / "vocab.txt").read_text().splitlines())}
        self.added = [(ids.setdefault(content, len(ids)), flags, content) for flags, content in [*SPECIAL, *added]]

    def __str__(self):
        words = [f"{name}={value}" for name, value in self.switches.items()]
        return " ".join([*words, *(f"{content!r}:{flags}" for _, flags, content in self.added[len(SPECIAL):])]) or "plain"

    def theirs(self):
        config = json.loads((MODEL / "tokenizer.json").read_text())
        config["truncation"] = config["padding"] = None
        config["normalizer"].update(self.switches)
        config["added_tokens"] = [
            {"id": number, "content": content, "normalized": "n" in flags, "single_word": "s" in flags,
             "lstrip": "l" in flags, "rstrip": "r" in flags, "special": content.startswith("[")}
            for number, flags, content in self.added]
        return Tokenizer.from_str(json.dumps(config))

    def ours(self, binary):
        lines = [f"switch {name} {int(value)}" for name, value in self.switches.items() if value is not None]
        lines += [f"added {number} {flags} {content}" for number, flags, content in self.added]
        return Ours(binary, lines)


class Ours:
    def __init__(self, binary, lines):
        self.command = [str(binary), str(MODEL / "vocab.txt"), *lines]

    def encode(self, texts, pairs=None, max_tokens=0, left=False, specials=True):
        """[(truncated, ids, type ids, offsets in bytes)], all through one process."""
        request = bytearray()
        for index, text in enumerate(texts):
            parts = [text] if pairs is None else [text, pairs[index]]
            request += struct.pack("<5I", 0, max_tokens, left, specials, len(parts) - 1)
            for part in parts:
                data = part.encode()
                request += struct.pack("<I", len(data)) + data
        with subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            writer = threading.Thread(target=lambda: (process.stdin.write(request), process.stdin.close()))
            writer.start()
            answer = process.stdout.read()
            writer.join()
        if process.returncode != 0:
            raise RuntimeError(f"oracle: {self.command[0]} ended with {process.returncode}")
        numbers = memoryview(answer).cast("I")
        results, at = [], 0
        for _ in texts:
            truncated, count = numbers[at], numbers[at + 1]
            rows = numbers[at + 2:at + 2 + 4 * count]
            results.append((bool(truncated), rows[0::4].tolist(), rows[1::4].tolist(),
                            list(zip(rows[2::4].tolist(), rows[3::4].tolist()))))
            at += 2 + 4 * count
        if at != len(numbers):
            raise RuntimeError(f"oracle: {len(numbers) - at} numbers too many in the answer")
        return results


def characters_of(text, offsets):
    """Offsets in bytes of UTF-8 → offsets in characters."""
    if text.isascii():
        return offsets
    at, positions = 0, {}
    for index, char in enumerate(text):
        positions[at] = index
        at += len(char.encode())
    positions[at] = len(text)
    return [(positions.get(begin, -1), positions.get(end, -1)) for begin, end in offsets]
