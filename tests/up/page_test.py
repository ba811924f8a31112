#!/usr/bin/env python3
"""The live page in a real browser, against a status that the tests write. What a person sees, and that the browser has nothing to complain of."""
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from page_case import PageCase, main  # noqa: E402
from page_fixture import NOW_S, PAGE, Fixture, gone, quiet_traffic, replica, status  # noqa: E402

HOSTILE = '<img src=x onerror="window.owned = 1"><script>window.owned = 1</script>'
# Chromium itself writes this for every fetch that finds no listener; a page cannot keep it from doing so.
REFUSED = re.compile(r"^Failed to load resource: net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)$")
HIDE = """() => { Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s});
  document.dispatchEvent(new Event('visibilitychange')); }"""


class LivePage(PageCase):
    def setUp(self):
        self.fixture = Fixture()
        self.addCleanup(self.fixture.stop)
        self.complaints = []

    def open(self, **options):
        page = super().open(self.fixture.url, **options)
        self.addCleanup(self.check, page)  # runs before the page is closed
        return page

    def check(self, page):
        self.assertEqual([words for words in page.errors if not any(known.match(words) for known in self.complaints)], [])
        self.assertEqual(page.loads, 1, "the page was loaded again")

    def await_looks(self, page, more=2):
        """Until the page has surely shown what the fixture answers now."""
        seen = len(self.fixture.asked)
        page.await_true("the page looks again", lambda: len(self.fixture.asked) >= seen + more)


class Shows(LivePage):
    def test_head_and_numbers(self):
        page = self.open()
        shown = {name: page.text(name) for name in ("name", "gateway", "version", "roll-state", "floor", "floor-source", "spare", "spare-source",
                                                    "keep-warm", "max", "max-source", "in-use", "desired", "ready", "waiting", "headline")}
        self.assertEqual(shown, {
            "name": "hearth", "gateway": "http://127.0.0.1:8000", "version": "0a1b2c3d4e5f", "roll-state": "none", "floor": "2",
            "floor-source": "hearth.toml", "spare": "1", "spare-source": "default", "keep-warm": "5 min", "max": "12", "max-source": "hearth scale",
            "in-use": "1", "desired": "3", "ready": "3", "waiting": "0", "headline": "Warm: 3 ready, 1 in use, nothing waits."})
        self.assertEqual(page.run("document.title"), "3/3 ready · hearth")

    def test_replicas(self):
        self.fixture.status["replicas"] = [
            replica(1, busy=3, adopted=True), replica(2, ejected=True), replica(3, "starting", start_seconds=0, age_seconds=0.2),
            replica(4, "draining", current=False, version="beef00000000"), replica(5, "stopping"), gone(6, "out of memory at 2 GiB", 75)]
        page = self.open()
        self.assertEqual(page.states(), {"r1": "ready", "r2": "ready", "r3": "starting", "r4": "draining", "r5": "stopping", "r6": "gone"})
        tiles = page.tiles()
        self.assertEqual(len({tile["tone"] for tile in tiles.values()}), 5, "each state has a colour of its own")
        for words in ("3 of 16 in flight", "12 s", "11 ms", "4 MiB"):
            self.assertIn(words, tiles["r1"]["words"])
        self.assertEqual([tile["marks"] for tile in tiles.values()], [["adopted"], ["ejected"], [], ["old version"], [], []])
        self.assertIn("out of memory at 2 GiB", tiles["r6"]["words"])
        self.assertIn("1 min 15 s", tiles["r6"]["words"])
        self.assertNotIn("in flight", tiles["r6"]["words"])

    def test_decisions_with_time_and_reason(self):
        self.fixture.status["decisions"].append({"at_ms": NOW_S * 1000 - 90_000, "desired": 2, "in_use": 0, "reason": "floor 2: start 2"})
        page = self.open(timezone_id="UTC")
        rows = page.run("[...document.querySelectorAll('#decisions li')].map((row) => [...row.children].map((part) => part.textContent))")
        self.assertEqual(rows, [["14:59:00", "desired 2 → 3", "1 in use and 1 spare, floor 2, 2 ready or starting: start 1"],
                                ["14:58:30", "desired 2", "floor 2: start 2"]])

    def test_a_roll_and_how_it_failed(self):
        page = self.open()
        self.assertFalse(page.visible("roll"))
        self.fixture.status = status(roll_state="failed", roll="stopped: 1111 never got ready (exit 1); back to 0a1b")
        page.await_true("the failed roll", lambda: page.text("roll-state") == "failed")
        self.assertTrue(page.visible("roll"))
        self.assertIn("never got ready", page.text("roll"))

    def test_headline_says_what_matters(self):
        page = self.open()
        for changes, words in (({"ready": 0, "starting": 2}, "Cold: nothing is ready, 2 starting."),
                               ({"waiting": 7}, "Busy: 7 requests waiting for a free slot; 3 ready."),
                               ({"ready": 2, "starting": 1}, "Warming: 2 of 3 ready, 1 starting.")):
            self.fixture.status = status(**changes)
            page.await_true(words, lambda words=words: page.text("headline") == words)


class Charts(LivePage):
    READ = "[...document.querySelectorAll('.chart')].map((chart) => [chart.querySelector('h3').textContent, chart.querySelector('.key').innerText])"

    def keys(self, page):
        return {title: key.split() for title, key in page.run(self.READ)}

    def test_axes_and_last_values(self):
        page = self.open()
        self.assertEqual(self.keys(page), {
            "Requests per second": ["arrivals", "100", "answers", "100"], "Latency": ["p99", "4", "ms", "p50", "2.1", "ms"],
            "Waiting for a slot": ["most", "in", "the", "second", "0"], "Errors per second": ["5xx", "or", "cut", "0", "in", "10", "min"]})
        labels = page.run("[...document.querySelectorAll('.chart svg')].map((svg) => [...svg.querySelectorAll('text')].map((t) => t.textContent))")
        for axis in labels:
            self.assertEqual(axis[3:], ["−10 min", "−8 min", "−6 min", "−4 min", "−2 min", "now"])
        self.assertEqual(labels[0][:3], ["0", "50", "100"])
        self.assertEqual(labels[1][:3], ["0", "2 ms", "4 ms"])

    def test_pointing_shows_the_values_of_that_second_in_all_charts(self):
        for entry in self.fixture.status["traffic"]:
            entry.update(arrivals=NOW_S - entry["t"], errors=1)
        page = self.open(timezone_id="UTC")
        chart = page.browser_page.locator(".chart svg").first
        box = chart.bounding_box()
        chart.hover(position={"x": (52 + box["width"] - 12) / 2, "y": 60})  # the middle: five minutes ago
        page.await_true("the value", lambda: self.keys(page)["Errors per second"][-1] == "1")
        self.assertAlmostEqual(int(self.keys(page)["Requests per second"][1]), 301, delta=2)
        self.assertEqual(page.run("document.querySelectorAll('text.when').length"), 4)
        self.assertRegex(page.run("document.querySelector('text.when').textContent"), r"^14:5[45]:\d\d$")
        page.browser_page.mouse.move(5, 5)
        page.await_true("the last values again", lambda: self.keys(page)["Requests per second"][1] == "1")

    def test_a_gap_breaks_the_line(self):
        self.fixture.status["traffic"] = [e for e in quiet_traffic() if not 100 < NOW_S - e["t"] < 200 and NOW_S - e["t"] != 300]
        page = self.open()
        line = page.run("document.querySelector('.chart path.series').getAttribute('d')")
        self.assertEqual(line.count("M"), 3)

    def test_only_what_is_new_is_asked_for_and_joined(self):
        page = self.open()
        later = NOW_S + 5
        self.fixture.status = status(now_ms=later * 1000, traffic=[{**quiet_traffic(0)[0], "t": t, "arrivals": 70} for t in range(NOW_S, later + 1)])
        page.await_true("the new seconds", lambda: self.keys(page)["Requests per second"][1] == "70")
        queries = [query for _, query in self.fixture.asked]
        self.assertEqual(queries[0], "")
        self.assertEqual(queries[1], f"since={NOW_S - 3}")
        self.assertGreater(page.run("document.querySelector('.chart path.series').getAttribute('d').split('L').length"), 500, "the old ones stay")


class Lives(LivePage):
    def test_a_replica_dies_and_comes_back(self):
        page = self.open()
        page.run("document.querySelectorAll('.tile').forEach((tile, i) => { tile.dataset.testKey = `tile ${i}`; })")
        self.fixture.status = status(ready=2, starting=1, replicas=[replica(1), replica(3), replica(4, "starting"), gone(2, "killed: signal 9")])
        page.await_true("r2 is gone", lambda: page.states() == {"r1": "ready", "r3": "ready", "r4": "starting", "r2": "gone"})
        self.assertIn("killed: signal 9", page.tiles()["r2"]["words"])
        self.assertIn("r2 is gone (killed: signal 9)", page.text("news"))
        self.fixture.status = status(replicas=[replica(1), replica(3), replica(4), gone(2, "killed: signal 9", 4)])
        page.await_true("r4 is ready", lambda: page.states() == {"r1": "ready", "r3": "ready", "r4": "ready", "r2": "gone"})
        self.assertEqual({replica: tile["key"] for replica, tile in page.tiles().items()},
                         {"r1": "tile 0", "r3": "tile 2", "r4": None, "r2": "tile 1"}, "tiles are kept, not made anew")
        self.fixture.status = status(replicas=[replica(1), replica(3), replica(4), gone(2, "killed: signal 9", 200)])
        page.await_true("the tile of r2 goes", lambda: "r2" not in page.tiles())
        page.await_true("it has faded", lambda: page.run("document.querySelectorAll('.tile').length") == 3)

    def test_what_is_below_does_not_jump_when_tiles_go(self):
        self.fixture.status["replicas"] += [gone(n, "exited: exit 1") for n in range(4, 10)]
        page = self.open(width=800)
        page.run("document.getElementById('tiles-box').style.transition = 'none'")
        self.await_looks(page)
        top = "document.getElementById('traffic-title').getBoundingClientRect().top"
        before = page.run(top)
        self.fixture.status = status()
        page.await_true("the tiles go", lambda: len(page.tiles()) == 3)
        self.await_looks(page)
        self.assertEqual(page.run(top), before)

    def test_news_are_told_in_moderation(self):
        page = self.open()
        page.run("""() => { window.told = []; new MutationObserver(() => window.told.push(document.getElementById('news').textContent))
          .observe(document.getElementById('news'), {childList: true, characterData: true, subtree: true}); }""")
        for n in range(5):
            self.fixture.status = status(replicas=[replica(1, "ready" if n % 2 else "draining"), *[replica(m) for m in range(10, 10 + 3 * n)]])
            self.await_looks(page, 1)
        page.await_true("something is told", lambda: page.run("window.told.length") > 0)
        self.assertLessEqual(page.run("window.told.length"), 2)
        self.assertEqual(page.run("document.getElementById('news').getAttribute('aria-live')"), "polite")

    def test_a_crowd_and_a_crash_loop_fit(self):
        self.fixture.status["replicas"] = [replica(n) for n in range(200)] + [gone(n, "exited: exit 1") for n in range(300, 340)]
        page = self.open()
        states = list(page.states().values())
        self.assertEqual((states.count("ready"), states.count("gone")), (200, 8))
        self.assertEqual(page.text("replicas-sum"), "200 running · 40 ended in the last minutes")
        self.assertLessEqual(page.overflow(), 0)


class Looks(LivePage):
    def test_once_a_second_and_not_while_hidden(self):
        page = self.open()
        self.await_looks(page, 4)
        times = [at for at, _ in self.fixture.asked]
        self.assertGreater(min(b - a for a, b in zip(times, times[1:])), 0.8)
        page.run(HIDE % "true")
        self.await_quiet(page)
        seen = len(self.fixture.asked)
        page.browser_page.wait_for_timeout(2500)  # nothing must happen; there is nothing to wait for
        self.assertEqual(len(self.fixture.asked), seen)
        page.run(HIDE % "false")
        self.await_looks(page, 2)

    def await_quiet(self, page):
        """A look that was under way when the page was hidden may still come in."""
        page.await_true("no look is under way", lambda: time.monotonic() - self.fixture.asked[-1][0] > 0.5)

    def test_the_server_goes_and_returns(self):
        page = self.open()
        self.complaints = [REFUSED]
        self.fixture.stop()
        page.await_true("it says so", lambda: page.visible("lost"))
        self.assertRegex(page.text("lost"), r"^Not reachable since \d\d:\d\d:\d\d: no connection\.")
        self.assertEqual(page.text("live"), "not reachable")
        since = page.text("lost")
        page.browser_page.wait_for_timeout(1500)
        self.assertEqual(page.text("lost"), since, "since when stays the same")
        self.assertEqual(list(page.states()), ["r1", "r2", "r3"], "what was known is still shown")
        self.fixture.status = status(replicas=[replica(1), replica(2), replica(5)])
        self.fixture.start()
        page.await_true("it is back", lambda: not page.visible("lost"))
        page.await_true("the new one", lambda: list(page.states()) == ["r1", "r2", "r5"])
        self.assertTrue(page.text("live").startswith("live"))

    def test_a_server_that_hangs(self):
        page = self.open()
        self.fixture.answering.clear()
        page.await_true("it says so", lambda: "no answer within 4 s" in page.text("lost"))
        self.fixture.answering.set()
        page.await_true("it is back", lambda: not page.visible("lost"))

    def test_the_first_look_finds_nothing(self):
        self.fixture.status = b""
        page = self.open(live=False)
        page.await_true("it says so", lambda: page.visible("lost"))
        self.assertNotIn("from before", page.text("lost"))
        self.fixture.status = status()
        page.await_live()

    def test_answers_that_are_no_status(self):
        page = self.open()
        for body, words in ((b"<html>", "its answer is no JSON"), (b"[1]", "its answer is no status"), (b"null", "its answer is no status"),
                            (b"", "its answer is no JSON")):
            self.fixture.status = body
            page.await_true(words, lambda words=words: words in page.text("lost"))
            self.fixture.status = status()
            page.await_true("it is back", lambda: not page.visible("lost"))
        self.complaints = [re.compile(r"^Failed to load resource: the server responded with a status of 503 ")]  # Chromium's own line
        self.fixture.code = 503
        page.await_true("the status code", lambda: "it answers 503" in page.text("lost"))


class Bears(LivePage):
    def test_hostile_names_are_text(self):
        self.fixture.status = status(
            name=HOSTILE, gateway="javascript:" + HOSTILE, version=HOSTILE, roll_state="constructor", roll=HOSTILE,
            floor={"value": 2, "source": HOSTILE}, replicas=[replica(1, id=HOSTILE, version=HOSTILE, current=False, url=HOSTILE, log=HOSTILE),
                                                             replica(2, "__proto__"), gone(3, HOSTILE), replica(4, HOSTILE)],
            decisions=[{"at_ms": 1, "desired": 1, "in_use": 1, "reason": HOSTILE}])
        page = self.open(width=360)
        self.await_looks(page)
        self.assertEqual(page.text("name"), HOSTILE)
        self.assertIn(HOSTILE, page.tiles())
        self.assertIn(HOSTILE, page.tiles()["r3"]["words"])
        self.assertEqual(page.run("document.images.length"), 0)
        self.assertEqual(page.run("document.scripts.length"), 1)
        self.assertEqual(page.run("typeof window.owned"), "undefined")
        self.assertEqual(page.run("[...document.links].map((a) => a.getAttribute('href'))"), ["/v1/status", "/metrics"])
        self.assertLessEqual(page.overflow(), 0)

    def test_missing_fields(self):
        self.fixture.status = {}
        page = self.open()
        self.assertEqual([page.text(name) for name in ("gateway", "floor", "keep-warm", "in-use", "ready")], ["–"] * 5)
        whole = status()
        for field in whole:
            self.fixture.status = {key: value for key, value in whole.items() if key != field}
            self.await_looks(page, 1)
        self.fixture.status = status(replicas=[{}, {"id": "r1"}, {"state": "gone"}], decisions=[{}], traffic=[{}, {"t": NOW_S - 5}], floor={})
        page.await_true("all are shown", lambda: len(page.tiles()) == 3)

    def test_fields_of_the_wrong_type(self):
        page = self.open()
        for junk in (None, True, -1, 1e300, "text", [], [None, 3, "a", [], {}], {"value": {}}, {"value": -5, "source": 7}):
            self.fixture.status = {field: junk for field in status()}
            self.await_looks(page, 1)
            inner = {field: junk for field in replica(1)}
            self.fixture.status = status(replicas=[inner, inner, {**inner, "id": "r1", "state": "gone"}], decisions=[{"at_ms": junk, "desired": junk}],
                                         traffic=[{key: junk for key in quiet_traffic(0)[0]}, {**quiet_traffic(0)[0], "t": junk},
                                                  {**quiet_traffic(5)[0], "arrivals": junk, "p99_ms": junk}])
            self.await_looks(page, 2)
            self.assertTrue(page.text("live").startswith("live"), junk)
        self.fixture.status = status()
        page.await_true("all is well again", lambda: page.text("headline").startswith("Warm"))

    def test_all_comes_from_the_one_address_and_the_policy_holds(self):
        page = self.open()
        self.await_looks(page)
        for url in page.requests:
            self.assertTrue(url.startswith((self.fixture.url, "data:")), url)
        self.assertNotRegex(PAGE.read_text(), r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|@import")
        self.complaints = [re.compile(".*Content Security Policy"), re.compile("Fetch API cannot load")]
        self.assertEqual(page.run("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')"), "refused")
        page.await_true("the policy refuses it", lambda: any("Content Security Policy" in words for words in page.errors))


class Appears(LivePage):
    def colours(self, page):
        read = "(name) => getComputedStyle(document.body)[name].match(/[\\d.]+/g).slice(0, 3).map(Number)"
        return [sum(page.run(read, name)) / 3 for name in ("backgroundColor", "color")]

    def everything(self):
        return status(waiting=3, roll_state="rolling", roll="rolling from a to b", replicas=[
            replica(1, busy=3, adopted=True), replica(2, ejected=True), replica(3, "starting"), replica(4, "draining", current=False),
            replica(5, "stopping"), gone(6, "killed: signal 9"), replica(7, "unheard of")])

    def test_both_schemes_can_be_read(self):
        self.fixture.status = self.everything()
        for scheme in ("light", "dark"):
            page = self.open(scheme=scheme, reduced_motion="reduce")
            back, front = self.colours(page)
            self.assertEqual(back < 60 and front > 200, scheme == "dark", (back, front))
            self.assertEqual(back > 230 and front < 60, scheme == "light", (back, front))
            page.browser_page.locator(".chart svg").first.hover()
            worst, words = page.worst_contrast()
            self.assertGreaterEqual(worst, 4.5, f"{scheme}: {words}")

    def test_no_sideways_scroll_from_360_pixels_on(self):
        self.fixture.status = self.everything()
        for width in (360, 520, 768, 1040, 1400, 2560):
            page = self.open(width=width, height=740)
            self.assertLessEqual(page.overflow(), 0, width)
            cut = page.run("""() => [...document.querySelectorAll('.pill, .figures dd, .warm b, .tile dd, .chart text')]
              .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth || e.scrollWidth > e.clientWidth + 1 && e.clientWidth)
              .map((e) => e.textContent)""")
            self.assertEqual(cut, [], width)

    def test_lost_can_be_read_too(self):
        self.complaints = [REFUSED]
        page = self.open(width=360, scheme="dark")
        self.fixture.stop()
        page.await_true("it says so", lambda: page.visible("lost"))
        self.assertGreaterEqual(page.worst_contrast()[0], 4.5)
        self.assertLessEqual(page.overflow(), 0)


if __name__ == "__main__":
    main()
