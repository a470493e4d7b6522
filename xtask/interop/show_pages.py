"""Opens the pages of TensorBoard in headless Chromium, checks what each shows, and takes a picture of it.

Usage: python3 show_pages.py LOGDIR PICTURES CHROMIUM   (needs the packages `tensorboard` and `websocket-client` from PyPI)

Prints a line for each page; the exit code is 1 if a page lacks a text that it must show.
"""

import base64
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import websocket

SIZE = (1280, 800)
PATIENCE = 60

# The page, what it must show, and what to do before the picture.
PAGES = json.loads((pathlib.Path(__file__).parent / "pages.json").read_text())

# The text of a page, through shadow roots and frames.
TEXT = """
(() => {
  const skip = new Set(['STYLE', 'SCRIPT', 'TEMPLATE']);
  const text = (node) => {
    if (node.nodeType === 3) return node.data + ' ';
    if (skip.has(node.tagName)) return '';
    if (node.tagName === 'IFRAME') return node.contentDocument?.body ? text(node.contentDocument.body) : '';
    const own = node.value && typeof node.value === 'string' ? node.value + ' ' : '';
    const parts = [...(node.shadowRoot ? node.shadowRoot.childNodes : []), ...node.childNodes];
    return own + parts.map(text).join('');
  };
  return (document.body ? text(document.body) : '').replace(/\\s+/g, ' ');
})()
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def wait_for(what, look):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.25)
    raise SystemExit(f"waited {PATIENCE} s in vain for {what}")


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.read()
    except OSError:
        return None


class Browser:
    """A page of a headless Chromium, driven by its DevTools protocol."""

    def __init__(self, chromium, folder):
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu-sandbox", "--enable-unsafe-swiftshader", "--hide-scrollbars"]
        flags += [f"--user-data-dir={folder}", "--remote-debugging-port=0", f"--window-size={SIZE[0]},{SIZE[1]}"]
        self.process = subprocess.Popen([chromium, *flags, "about:blank"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        place = pathlib.Path(folder) / "DevToolsActivePort"
        port = wait_for("Chromium", lambda: place.exists() and place.read_text().splitlines())[0]
        pages = wait_for("a page of Chromium", lambda: json.loads(answers(f"http://localhost:{port}/json") or "[]"))
        url = next(page for page in pages if page["type"] == "page")["webSocketDebuggerUrl"]
        self.socket = websocket.create_connection(url, timeout=PATIENCE, suppress_origin=True)
        self.count = 0
        metrics = {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)

    def call(self, method, **parameters):
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.count:
                assert "error" not in answer, answer
                return answer["result"]

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def open(self, url):
        # A blank page between, as a mere change of the fragment loads nothing.
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))


def missing(browser, texts):
    """What the page does not show, after some patience."""
    end = time.monotonic() + PATIENCE
    while True:
        shown = browser.evaluate(TEXT) or ""
        lacking = [text for text in texts if text not in shown]
        if not lacking or time.monotonic() > end:
            return lacking
        time.sleep(0.5)


def show(browser, url, page, pictures):
    browser.open(f"{url}/{page['url']}")
    for step in page.get("before", []):
        missing(browser, step["shows"])
        browser.evaluate(step["do"])
    lacking = missing(browser, page["shows"])
    # Charts are drawn after their titles.
    time.sleep(page.get("settle", 3))
    browser.picture(pictures / f"{page['name']}.png")
    state = "lacks " + ", ".join(lacking) if lacking else "shows " + ", ".join(page["shows"])
    print(f"{page['name']}: {state}", flush=True)
    return not lacking


def main(logdir, pictures, chromium, only=None):
    pictures = pathlib.Path(pictures)
    pictures.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", logdir, "--port", str(port), "--load_fast", "false"]
    board = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    browser = None
    try:
        url = f"http://localhost:{port}"
        runs = f"{url}/data/runs"
        wait_for("TensorBoard's runs", lambda: len(json.loads(answers(runs) or "[]")) > 1)
        # Runs are listed before they are read.
        time.sleep(3)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            browser = Browser(chromium, folder)
            chosen = [page for page in PAGES if only is None or page["name"] in only.split(",")]
            good = [show(browser, url, page, pictures) for page in chosen]
            browser.process.terminate()
            browser.process.wait()
    finally:
        board.terminate()
        if browser:
            browser.process.terminate()
    sys.exit(0 if all(good) else 1)


main(*sys.argv[1:])
