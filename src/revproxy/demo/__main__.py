"""`python -m revproxy.demo`: the demo site alone, or with revproxy in front of it (`--with FILE`).

Laws:
- What it starts it stops: at Ctrl-C, at SIGTERM, or when revproxy ends by itself.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from pathlib import Path

from revproxy.demo.site import Server

TRY = """
The demo site is http://127.0.0.1:{port}/ and does not know of the proxy in front of it.
revproxy runs {file} on http://localhost:8080/. Try:

  curl -i http://localhost:8080/app/old       the site's own name is not in the redirect
  curl -i http://localhost:8080/app/login     nor its path and name in the cookie
  curl    http://localhost:8080/app/echo      what the site was sent
  curl -i http://localhost:8080/nothing       a page of revproxy's own

or open http://localhost:8080/ in a browser. Ctrl-C ends both.
"""


def main() -> int:
    """Serve until told to stop."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server = Server(options.port)
    except OSError as problem:
        print(f"the demo site cannot listen on port {options.port}: {problem}", file=sys.stderr)
        return 1
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            if options.file:
                return _in_front(options.file, options.port)
            print(f"the demo site is http://127.0.0.1:{server.server_port}/", flush=True)
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
        finally:
            server.shutdown()
    return 0


def _in_front(file: str, port: int) -> int:
    command = [str(Path(sys.executable).with_name("revproxy")), "run", "-f", file]
    proxy = subprocess.Popen(command)
    print(TRY.format(port=port, file=file), flush=True)
    try:
        return proxy.wait()
    except KeyboardInterrupt:
        # Ctrl-C reached it as well, SIGTERM did not.
        proxy.terminate()
        proxy.wait()
        return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m revproxy.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8081, help="of the site (default: 8081)")
    parser.add_argument("--with", dest="file", help="run revproxy with this file in front of it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
