"""What the tests of the live page share: headless Chromium, and the page as a person sees it. Works with the fixture and with a real `hearth up`."""
import os
import shutil
import sys
import time
import unittest

from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("HEARTH_CHROMIUM", "/usr/bin/chromium")
DEADLINE = 60.0  # for anything that must happen at all

# Every piece of text on the page with its contrast against what lies behind it (WCAG 2), the worst first.
CONTRASTS = """() => {
  const parse = (words) => { const [r, g, b, a = 1] = words.match(/[\\d.]+/g).map(Number); return {r, g, b, a}; };
  const light = ({r, g, b}) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, under, a) => ({r: top.r * a + under.r * (1 - a), g: top.g * a + under.g * (1 - a), b: top.b * a + under.b * (1 - a), a: 1});
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under, top.a), {r: 255, g: 255, b: 255, a: 1});
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, words = walker.currentNode.textContent.trim();
    if (!words || !element.checkVisibility() || element.closest("script, style, noscript, .unseen")) continue;
    const style = getComputedStyle(element), back = behind(element.closest("svg")?.parentElement ?? element);
    const colour = parse(element.namespaceURI.endsWith("svg") ? style.fill : style.color);
    let seen = colour.a;
    for (let e = element; e; e = e.parentElement) seen *= Number(getComputedStyle(e).opacity);
    const [a, b] = [light(over(colour, back, seen)), light(back)].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), words]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


class Page:
    """One open live page. `errors` is everything the browser complained of: exceptions, console errors, refused loads."""

    def __init__(self, browser, url, width=1400, height=1000, scheme="light", script=None, **options):
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        self.browser_page = self.context.new_page()
        self.browser_page.set_default_timeout(DEADLINE * 1000)
        self.errors, self.requests, self.loads = [], [], 0
        self.browser_page.on("console", lambda message: message.type in ("error", "warning") and self.errors.append(message.text))
        self.browser_page.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))
        self.browser_page.on("request", lambda request: self.requests.append(request.url))
        self.browser_page.on("load", lambda _: self.loaded())
        if script:
            self.browser_page.add_init_script(script)
        self.browser_page.goto(url)

    def loaded(self):
        self.loads += 1

    def close(self):
        self.context.close()

    def run(self, script, argument=None):
        return self.browser_page.evaluate(script, argument)

    def text(self, element_id):
        return self.run("(id) => document.getElementById(id).textContent", element_id)

    def visible(self, element_id):
        return self.run("(id) => document.getElementById(id).checkVisibility()", element_id)

    def tiles(self):
        """id → what its tile says, in the order of the page; tiles that are fading away left out."""
        read = """() => [...document.querySelectorAll('#tiles > .tile:not(.leaving)')].map((tile) => [tile.querySelector('.id').textContent, {
          state: tile.querySelector('.pill').textContent, tone: tile.querySelector('.pill').dataset.tone, words: tile.innerText,
          marks: [...tile.querySelectorAll('.mark')].map((mark) => mark.textContent), key: tile.dataset.testKey ?? null}])"""
        return dict(self.run(read))

    def states(self):
        return {replica: tile["state"] for replica, tile in self.tiles().items()}

    def await_true(self, what, condition, deadline=DEADLINE):
        """Polls, and lets the browser's events in meanwhile."""
        end = time.monotonic() + deadline
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"never happened: {what}\n{self.errors}")
            self.browser_page.wait_for_timeout(50)

    def await_live(self):
        self.await_true("an answer is shown", lambda: self.text("live").startswith("live"))

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.run("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def worst_contrast(self):
        return self.run(CONTRASTS)[0]


class PageCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which(CHROMIUM):
            raise AssertionError(f"{CHROMIUM} is missing: script/bootstrap installs it")
        cls.driver = sync_playwright().start()
        cls.addClassCleanup(cls.driver.stop)
        cls.browser = cls.driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        cls.addClassCleanup(cls.browser.close)

    def open(self, url, live=True, **options):
        page = Page(self.browser, url, **options)
        self.addCleanup(page.close)
        if live:
            page.await_live()
        return page


def main():
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
