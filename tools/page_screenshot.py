#!/usr/bin/env python3
"""Makes docs/page.png, the picture of the live page: headless Chromium and a made-up status, so that it looks the same each time.

  tools/page_screenshot.py [--dark] [--width 1240] [--height 0] [-o docs/page.png]

Needs .venv (script/venv) and Debian's chromium. With Debian's fonts-inter it takes that as the system's font, else whatever is there.
"""
import argparse
import base64
import os
import pathlib
import struct
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/up"))
from page_case import CHROMIUM, Page  # noqa: E402
from page_fixture import NOW_S, Fixture, busy_traffic, gone, replica, status  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

FONTS = '<?xml version="1.0"?><fontconfig><include>/etc/fonts/fonts.conf</include>' + "".join(
    f'<match target="pattern"><test name="family"><string>{name}</string></test><edit name="family" mode="prepend" binding="strong">'
    "<string>Inter</string></edit></match>" for name in ("system-ui", "sans-serif", "sans")) + "</fontconfig>"
MIB = 1 << 20


def replicas():
    old = {"version": "9f8e7d6c5b4a", "current": False}
    return [replica(4, busy=14, age_seconds=93_780, start_seconds=0.0113, memory_bytes=131 * MIB, adopted=True),
            replica(6, busy=12, age_seconds=7_512, start_seconds=0.0098, memory_bytes=128 * MIB),
            replica(7, busy=11, age_seconds=214, start_seconds=0.0104, memory_bytes=127 * MIB),
            replica(9, busy=0, age_seconds=86, start_seconds=0.0121, memory_bytes=112 * MIB),
            replica(3, "draining", busy=4, age_seconds=93_790, start_seconds=0.0119, memory_bytes=133 * MIB, **old),
            replica(10, "starting", busy=0, age_seconds=0.4, start_seconds=0, memory_bytes=9 * MIB),
            gone(8, "killed: signal 9", 88, age_seconds=126, memory_bytes=129 * MIB)]


def decisions():
    words = [(1, 5, 3, "3 in use and 2 spare, 4 ready or starting: start 1"),
             (86, 4, 2, "2 in use and 2 spare, 3 ready or starting: start 1"),
             (214, 4, 2, "2 in use and 2 spare, 5 ready or starting: retire 1"),
             (243, 5, 3, "3 in use and 2 spare, 4 ready or starting: start 1"),
             (598, 4, 2, "2 in use and 2 spare, 5 ready or starting: retire 1")]
    return [{"at_ms": (NOW_S - ago) * 1000, "desired": desired, "in_use": in_use, "reason": reason} for ago, desired, in_use, reason in words]


def picture():
    number = {"value": 2, "source": 'schedule "0 8 * * 1-5"'}
    return status(name="minilm-eu", in_use=3, desired=5, ready=4, starting=1, floor=number, spare={"value": 2, "source": "hearth.toml"},
                  replicas=replicas(), decisions=decisions(), traffic=busy_traffic(), roll_state="rolling",
                  roll="rolling from 9f8e7d6c5b4a to 0a1b2c3d4e5f: 4 new ready, 1 old left")


# The pixels of a PNG as RGBA, in base64.
PIXELS = """async (png) => {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + png)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  const bytes = pen.getImageData(0, 0, image.width, image.height).data;
  let words = '';
  for (let i = 0; i < bytes.length; i += 32768) words += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return [image.width, image.height, btoa(words)];
}"""


def packed(browser, png):
    """The same picture, a fifth smaller: large plain areas pack best with no filter, and Chromium always filters."""
    width, height, words = browser.new_page().evaluate(PIXELS, base64.b64encode(png).decode())
    rgba = base64.b64decode(words)
    rgb = bytearray(width * height * 3)
    for channel in range(3):
        rgb[channel::3] = rgba[channel::4]
    rows = b"".join(b"\0" + rgb[y * width * 3:(y + 1) * width * 3] for y in range(height))

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--dark", action="store_true")
    options.add_argument("--width", type=int, default=1240)
    options.add_argument("--height", type=int, default=0, help="of the picture; 0: the whole page")
    options.add_argument("--hover", action="store_true", help="with the pointer on a chart")
    options.add_argument("-o", "--output", default=str(ROOT / "docs/page.png"))
    wanted = options.parse_args()
    fixture = Fixture(picture())
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        fonts = pathlib.Path(folder) / "fonts.conf"
        fonts.write_text(FONTS)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], env={**os.environ, "FONTCONFIG_FILE": str(fonts)})
        page = Page(browser, fixture.url, width=wanted.width, height=wanted.height or 1000, scheme="dark" if wanted.dark else "light",
                    reduced_motion="reduce", timezone_id="UTC")
        page.await_live()
        if wanted.hover:
            page.browser_page.locator(".chart svg").first.hover(position={"x": 380, "y": 60})
        page.browser_page.wait_for_timeout(400)
        shot = page.browser_page.screenshot(full_page=wanted.height == 0)
        pathlib.Path(wanted.output).write_bytes(packed(browser, shot))
        browser.close()
    fixture.stop()
    if page.errors:
        sys.exit("\n".join(page.errors))


if __name__ == "__main__":
    main()
