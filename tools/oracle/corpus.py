"""Random strings that look for trouble; every one depends on the generator it is given alone."""
import string as ascii_sets

WORDS = """the of and to in unbelievable tokenization embedding antidisestablishmentarianism naïve café Ünïcödé don't
state-of-the-art e.g. 3.14 10,000 $5 C++ #tag @user http://x.y/z?a=b İstanbul ΣΑΣ Straße ﬁn Ǆ ǅ Ω Å Å Å 한국어 각 中文 日本語
テスト が が русский привет йод שָׁלוֹם العربية हिन्दी ไทย Việt 𝒳 😀 👩‍👩‍👧 🏳️‍🌈 ½ ２ Ａ ß ẞ ŉ ΐ ǰ""".split()
ADDED = ["[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "[cls]", "[MASK", "MASK]", "[[SEP]]", "[SEP", "Foo", "foo", "FOO",
         "foobar", "Foobar", "Été", "ÉTÉ", "e\u0301te\u0301", "中x", "中X", "ab", "aab", "  "]
CONTROLS = ["\x00", "\x01", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\xad", "\u200b", "\u200d", "\u2028", "\u2029",
            "\ufeff", "\ufffd", "\ufffe", "\ue000", "\U000e0001", "\t", "\n", "\r", "\xa0", "\u3000", "\u1680", "\u180e"]
MARKS = ["\u0300", "\u0301", "\u0316", "\u0323", "\u0327", "\u0334", "\u0345", "\u034f", "\u0344", "\u05b0", "\u0651",
         "\u093c", "\u0e38", "\u0f71", "\u0f73", "\u302e", "\u302f", "\u3099", "\u1734", "\u16ff0", "\U0001d165",
         "\U0001d16d", "\U0001d172", "\U00016ff0", "\U0001e8d0", "\u1dfa", "\u20d0", "\u0bcd", "\u1ac1"]
BLOCKS = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x530, 0x700), (0x900, 0xE00), (0xE00, 0x1200),
          (0x1C80, 0x2000), (0x2000, 0x2C00), (0x2C00, 0x2E80), (0x3000, 0x3400), (0x4E00, 0x9FFF), (0xA640, 0xA800),
          (0xAC00, 0xD7A4), (0xF900, 0x10000), (0x10000, 0x12000), (0x1D100, 0x1D200), (0x1F300, 0x1FA00), (0x20000, 0x30000)]


def scalar(rng):
    while True:
        code = rng.randrange(0x110000)
        if not 0xD800 <= code < 0xE000:
            return chr(code)


def block_run(rng):
    first, last = rng.choice(BLOCKS)
    return "".join(chr(rng.randrange(first, last)) for _ in range(rng.randrange(1, 8)))


def long_word(rng):
    unit = rng.choice(["a", "ab", "é", "中", "x\u0301", "\U0001d165", "tion", "Q"])
    size = rng.choice([97, 98, 99, 100, 101, 102, 103, 200])
    return (unit * size)[:size]


PARTS = [
    lambda rng: rng.choice(WORDS), lambda rng: rng.choice(WORDS).upper(), lambda rng: rng.choice(WORDS).title(),
    lambda rng: "".join(rng.choice(ascii_sets.ascii_letters + ascii_sets.digits) for _ in range(rng.randrange(1, 12))),
    lambda rng: "".join(rng.choice(ascii_sets.printable) for _ in range(rng.randrange(1, 10))),
    lambda rng: rng.choice(ADDED), lambda rng: rng.choice(CONTROLS), lambda rng: rng.choice(MARKS),
    lambda rng: "".join(rng.choice(MARKS) for _ in range(rng.randrange(1, 6))),
    lambda rng: rng.choice("aeiouAEIOUnNцщ") + rng.choice(MARKS), block_run, lambda rng: scalar(rng),
    lambda rng: rng.choice([" ", " ", "  ", "\t", "\n", "\u3000", ""]), lambda rng: rng.choice(".,;:!?-_'\"()[]{}<>/\\|@#$%^&*~`+="),
]


def string(rng):
    if rng.random() < 0.01:
        parts = [long_word(rng), rng.choice(["", " ", "\u0301", "."]), long_word(rng) if rng.random() < 0.3 else ""]
    else:
        glue = rng.choice(["", "", " "])
        kinds = rng.choices(PARTS, k=rng.randrange(1, 5))
        parts = [rng.choice(kinds)(rng) + glue for _ in range(rng.randrange(1, 16))]
    return "".join(parts)
