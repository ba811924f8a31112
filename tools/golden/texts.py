"""The 200 texts of the golden set, built here from word lists and a fixed generator: the same list on every machine.

Each is (kind, text). Python's `random` is not used, so that no Python version can change the list.
"""

_SUBJECTS = (
    "the night train|a small bakery|our database|the old lighthouse|every replica|my neighbour|the research team|"
    "a careful engineer|the river|this morning's report|a flock of geese|the container|his grandmother|the museum|"
    "an empty queue|the committee|the violin player|a broken lamp|their first customer|the load balancer"
).split("|")
_VERBS = (
    "waits for|explains|carries|measures|forgets|repairs|outlives|remembers|follows|paints|describes|interrupts|"
    "protects|translates|borrows|questions|rebuilds|improves|hides|returns"
).split("|")
_OBJECTS = (
    "the last request|a quiet harbour|seven red bicycles|the wrong address|an unfinished letter|the second bridge|"
    "a warm cup of tea|the results of the experiment|two kilograms of flour|its own shadow|the winter timetable|"
    "an honest answer|the price of copper|a handful of seeds|the model's weights|a forgotten language|"
    "the tallest tree in the valley|yesterday's temperature|three short stories|the key to the cellar"
).split("|")
_TAILS = (
    "before sunrise|without any warning|because nobody else would|in less than ten milliseconds|while it rains|"
    "as the manual suggests|after the meeting|near the station|for the third time this week|and nobody notices|"
    "when the market closes|with great patience|on the other side of the road|although it is late|"
    "until the battery runs out|somewhere in the mountains"
).split("|")


class Generator:
    """A 64-bit linear congruential generator (Knuth's MMIX constants); the upper 32 bits of each state are used."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 32) % n

    def pick(self, items):
        return items[self.below(len(items))]


def sentence(g):
    parts = [g.pick(_SUBJECTS), g.pick(_VERBS), g.pick(_OBJECTS)]
    if g.below(3):
        parts.append(g.pick(_TAILS))
    if g.below(4) == 0:
        parts.append("and " + g.pick(_VERBS) + " " + g.pick(_OBJECTS))
    words = " ".join(parts)
    return words[0].upper() + words[1:] + g.pick([".", ".", ".", "!", "?", ""])


def words(g, count):
    """English of exactly `count` words."""
    out = []
    while len(out) < count:
        out.extend(sentence(g).split())
    return " ".join(out[:count])


_CODE = [
    "def add(a, b):\n    return a + b\n",
    "for (size_t i = 0; i < n; ++i) { sum += weights[i] * x[i]; }",
    "SELECT name, COUNT(*) FROM orders WHERE total > 99.5 GROUP BY name ORDER BY 2 DESC;",
    "fn main() {\n    let xs: Vec<u32> = (1..=10).filter(|x| x % 2 == 0).collect();\n    println!(\"{:?}\", xs);\n}",
    "<div class=\"card\"><h1>{{ title }}</h1><p>{{ body | safe }}</p></div>",
    "git rebase -i HEAD~3 && git push --force-with-lease origin main",
    "{\"embedding\": [0.1, -0.25, 3e-4], \"ok\": true, \"next\": null}",
    "if [ -z \"$HOME\" ]; then echo \"no home\" >&2; exit 1; fi",
    "#include <vector>\ntemplate <typename T> T max_of(const std::vector<T>& v);",
    "const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));",
    "x = [[0 for _ in range(3)] for _ in range(3)]  # a 3x3 matrix of zeros",
    "Traceback (most recent call last):\n  File \"app.py\", line 12, in <module>\nKeyError: 'model'",
    "0x7fff_ffff & ~0b1010 | 0o755 ^ 1_000_000",
    "/^([a-z0-9_.-]+)@([a-z0-9-]+)\\.([a-z]{2,})$/i",
    "snake_case camelCase PascalCase kebab-case SCREAMING_SNAKE_CASE",
]
_EMOJI = [
    "😀",
    "Good morning ☀️ everyone 🌍!",
    "🔥🔥🔥 the deployment is on fire 🔥🔥🔥",
    "family: 👨‍👩‍👧‍👦, flag: 🇫🇷, skin tone: 👍🏽",
    "I ❤️ small models",
    "1️⃣ first 2️⃣ second 3️⃣ third",
    "¯\\_(ツ)_/¯ it works on my machine",
    "price ↑ 12 % → sell ✔ buy ✘",
    "🧑‍🚀",
    "pizza🍕time without spaces🎉",
]
_CJK = [
    "今天天气很好。",
    "我们需要更多的预热实例来处理突发流量。",
    "你好",
    "模型 loads in 毫秒 not 秒",
    "東京は夜の七時です。",
    "カタカナとひらがなと漢字がまざる文章。",
    "ｆｕｌｌｗｉｄｔｈ　ｌａｔｉｎ　１２３",
    "ﾊﾝｶｸ ｶﾅ",
    "龍馬が橋を渡る",
    "繁體中文與简体中文",
    "𠮷野家で食べる",
    "一二三四五六七八九十" * 12,
    "ばびぶべぼ ぱぴぷぺぽ が",
]
_OTHER_SCRIPTS = [
    ("korean", "안녕하세요, 만나서 반갑습니다."),
    ("korean", "서울의 겨울은 춥고 건조하다"),
    ("korean", "모델이 준비되었습니다"),
    ("korean", "한국어와 English 를 섞어서 쓴다"),
    ("korean", "가각간갇갈"),
    ("arabic", "مرحبا بالعالم"),
    ("arabic", "القطار يصل في الساعة السابعة صباحا."),
    ("arabic", "كِتَابٌ جَدِيدٌ"),
    ("arabic", "السعر ١٢٣٫٤٥ ريال"),
    ("arabic", "نموذج small لغة"),
    ("hindi", "नमस्ते दुनिया"),
    ("hindi", "रेलगाड़ी सुबह सात बजे आती है।"),
    ("hindi", "मुझे चाय पसंद है"),
    ("hindi", "क्षत्रिय ज्ञान श्री"),
    ("hindi", "मॉडल is ready तैयार"),
    ("russian", "Поезд приходит в семь часов утра."),
    ("russian", "ёлка и Йод"),
    ("russian", "Быстрый ответ важнее красивого ответа!"),
    ("greek", "Το τρένο φτάνει στις επτά."),
    ("greek", "ΟΔΥΣΣΕΥΣ και σίγμα τελικό ς"),
    ("hebrew", "שלום עולם"),
    ("hebrew", "סֵפֶר חָדָשׁ"),
    ("thai", "รถไฟมาถึงตอนเจ็ดโมงเช้า"),
    ("thai", "สวัสดีครับ"),
    ("tamil", "வணக்கம் உலகம்"),
    ("bengali", "আমি চা পছন্দ করি"),
    ("georgian", "გამარჯობა მსოფლიო"),
    ("armenian", "Բարեւ աշխարհ"),
]
_ACCENTS = [
    "Où est passé l'élève naïf à Noël?",
    "Ça coûte déjà très cher, garçon.",
    "Die Straße führt über größere Brücken.",
    "FUSSBALL und Fußball und FUẞBALL",
    "Žluťoučký kůň pěl ďábelské ódy",
    "Gdzie jest żółta łódź?",
    "İstanbul'da ılık bir akşam",
    "El niño comió piñas en São Paulo",
    "Tôi thích uống cà phê buổi sáng ở Việt Nam",
    "Blåbærsyltetøj på Ærø",
    "cafe\u0301 re\u0301sume\u0301 nai\u0308ve",
    "e\u0301\u0300\u0302\u0303 stacked marks",
    "ﬁne ﬂow oﬃce ligatures",
    "Ångström Å A\u030a Å",
    "ĳsselmeer Ǆemal ŉ",
]
_BLANK = ["", " ", "\t", "\n\n", "   \t\r\n  ", "\u00a0\u2003\u3000"]
_SPECIAL = [
    "[SEP]",
    "[MASK]",
    "[CLS] [SEP]",
    "Paris is the [MASK] of France.",
    "one [SEP] two [SEP] three",
    "a[SEP]b and [sep] and [ SEP ]",
    "[UNK] [PAD] [unused1]",
    "the [CLS]token[MASK]inside words",
    "[MASK][MASK][MASK]",
    "##ing ##s un##able",
]
_CONTROL = [
    "nul\u0000inside",
    "bell\u0007 and escape \u001b[31mred\u001b[0m",
    "zero\u200bwidth\u200djoiner\ufeffbom",
    "soft\u00adhyphen and \u202eright to left\u202c",
    "replacement \ufffd character and \ue000 private use",
    "\u0001\u0002\u0003",
    "line\u2028separator\u2029paragraph\u0085next",
]
_NUMBERS = [
    "3.14159265358979",
    "1,234,567.89 USD",
    "2026-11-25T07:30:00+01:00",
    "+33 1 23 45 67 89",
    "10^6 = 1e6 = 1 000 000",
    "½ ⅓ ² ³ № ™ ① Ⅻ",
    "v1.2.3-rc.4+build.5",
    "100% of 0.0001",
]
_URLS = [
    "https://example.com/a/b?c=d&e=f#g",
    "http://127.0.0.1:8000/embed",
    "mailto:someone@example.org",
    "see www.example.net/index.html, then s3://bucket/prefix/key.bin",
    "file:///usr/share/doc/readme.txt",
]
_LAYOUT = [
    "first line\nsecond line\n\nthird after a gap",
    "tab\tseparated\tvalues\r\nwindows line",
    "  leading and trailing spaces  ",
    "many      spaces      between",
    "- one\n- two\n  - nested\n",
]
_PUNCTUATION = [
    "!!!",
    "...---...",
    "\"quoted\" 'single' “curly” «guillemets» „low“",
    "a/b\\c|d~e`f^g*h",
    "don't can't it's o'clock rock'n'roll",
    "em—dash en–dash minus−sign hyphen‐",
    "€5 £6 ¥7 ₹8 ₿9",
    "∑ ∫ √2 ≈ 1.41 ≠ ∞ ∀x∈ℝ",
]


def _long_words():
    letters = "abcdefghijklmnopqrstuvwxyz"
    g = Generator(7)
    word = "".join(g.pick(letters) for _ in range(150))
    return [
        word[:100],  # the longest that is still cut into pieces
        word[:101],  # one more: [UNK]
        word,
        "before " + word + " after",
        "é" * 101,
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "a" * 10000,
    ]


def all_texts():
    """The 200 (kind, text) pairs in their order."""
    out = [("code", t) for t in _CODE]
    out += [("emoji", t) for t in _EMOJI]
    out += [("cjk", t) for t in _CJK]
    out += _OTHER_SCRIPTS
    out += [("accents", t) for t in _ACCENTS]
    out += [("blank", t) for t in _BLANK]
    out += [("special", t) for t in _SPECIAL]
    out += [("control", t) for t in _CONTROL]
    out += [("numbers", t) for t in _NUMBERS]
    out += [("urls", t) for t in _URLS]
    out += [("layout", t) for t in _LAYOUT]
    out += [("punctuation", t) for t in _PUNCTUATION]
    out += [("long_word", t) for t in _long_words()]
    g = Generator(20261125)
    # "warm" is one token, so these have exactly n + 2 tokens: both sides of MiniLM's limit of 256.
    out += [("limit", " ".join(["warm"] * n)) for n in (252, 253, 254, 255, 256)]
    out += [("long", words(g, 2000)), ("long", words(g, 400)), ("long", words(g, 255))]
    for count in (1, 2, 3, 5, 8, 13, 21, 34, 55, 60, 75, 90, 110, 140, 170, 200, 215, 230):
        out.append(("paragraph", words(g, count)))
    while len(out) < 200:
        out.append(("english", sentence(g)))
    assert len(out) == 200
    return out
