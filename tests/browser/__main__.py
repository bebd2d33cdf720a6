"""`make browser`: the demo site's page of links in headless Chromium, direct and proxied.

Laws:
- What the browser has made of the page counts, not its source: every link, image, style sheet and
  form points to the proxy, and no request but the proxy's reaches the origin.
- Both ways the page looks the same, pixel for pixel.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

from lxml import etree

from revproxy.demo.site import Server, Site

REVPROXY = str(Path(sys.executable).with_name("revproxy"))
ATTRIBUTES = ("href", "src", "action", "srcset", "poster", "data", "formaction", "style", "content")
XLINK = "{http://www.w3.org/1999/xlink}href"


class Watched(Site):
    """The demo site, which keeps who asked: the proxy names its client."""

    direct: ClassVar[list[str]] = []
    """Requests that came without a proxy."""

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        if "X-Forwarded-For" not in self.headers:
            self.direct.append(self.requestline)
        super().do_GET()


def main() -> int:
    """Run the check; say what is wrong."""
    browser = shutil.which("chromium")
    if browser is None:
        print("the check needs chromium (Debian: apt install chromium)")
        return 2
    with tempfile.TemporaryDirectory(prefix="browser-") as name, Server(0, Watched) as site:
        threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True).start()
        try:
            return _check(browser, Path(name), site.server_port)
        finally:
            site.shutdown()


def _check(browser: str, directory: Path, origin: int) -> int:
    port = _free_port()
    file = directory / "httpd.conf"
    file.write_text(_config(directory, port, origin))
    with subprocess.Popen([REVPROXY, "run", "-f", str(file)]) as proxy:
        try:
            _await(port)
            proxied, direct = (f"http://127.0.0.1:{number}/links" for number in (port, origin))
            # The first start of a browser in a new profile is not like the others.
            _run(browser, directory, "--dump-dom", direct)
            _shot(browser, directory / "direct.png", direct)
            Watched.direct.clear()
            _shot(browser, directory / "proxied.png", proxied)
            dom = _run(browser, directory, "--dump-dom", proxied)
        finally:
            proxy.terminate()
    wrong = _leaks(dom.decode(), proxied, origin)
    wrong += [f"the browser asked the origin itself: {line}" for line in Watched.direct]
    if (directory / "direct.png").read_bytes() != (directory / "proxied.png").read_bytes():
        wrong.append("the page does not look the same")
    for line in wrong:
        print(line)
    print("not as it should be" if wrong else "every link points to the proxy, and all looks alike")
    return bool(wrong)


def _config(directory: Path, port: int, origin: int) -> str:
    return f"""Listen 127.0.0.1:{port}
ServerName localhost
PidFile {directory}/server.pid
ErrorLog {directory}/error.log
ProxyPass / http://127.0.0.1:{origin}/
ProxyPassReverse / http://127.0.0.1:{origin}/
ProxyHTMLURLMap http://127.0.0.1:{origin}/ /
SetOutputFilter proxy-html;DEFLATE
<IfModule mpm_trio_module>
ProxyHTMLTypes css json
Processes 1
</IfModule>
"""


def _leaks(dom: str, page: str, origin: int) -> list[str]:
    """What in the browser's tree points to the origin, or is no link at all where one should be."""
    wrong, links = [], 0
    for element in etree.HTML(dom).iter(etree.Element):
        for name, value in element.items():
            if f"127.0.0.1:{origin}" in value:
                wrong.append(f"<{element.tag} {name}={value!r}> points to the origin")
            if name in ("href", "src", "action") or name == XLINK:
                links += 1
                where = urlsplit(urljoin(page, value)).netloc
                if where != urlsplit(page).netloc:
                    wrong.append(f"<{element.tag} {name}={value!r}> points to {where}")
    if links < 10:
        wrong.append(f"the page has {links} links: this is not the page")
    return wrong


def _shot(browser: str, file: Path, url: str) -> None:
    _run(browser, file.parent, f"--screenshot={file}", "--window-size=800,900", url)


def _run(browser: str, directory: Path, *arguments: str) -> bytes:
    profile = directory / "profile"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    done = subprocess.run(
        [*command, f"--user-data-dir={profile}", "--virtual-time-budget=3000", *arguments],
        capture_output=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def _await(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("revproxy did not start")


if __name__ == "__main__":
    sys.exit(main())
