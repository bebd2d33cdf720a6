"""The files and command lines of the servers: Apache and revproxy share one httpd.conf.

Laws:
- Apache runs as Debian ships it: event MPM, 25 threads a process, the combined log.
- nginx and HAProxy are marks: as plain as they can be, with a log line a request as well.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.page import page

REVPROXY = str(Path(sys.executable).with_name("revproxy"))
MODULES = Path("/usr/lib/apache2/modules")
LOADED = (
    *("mpm_event", "authz_core", "alias", "dir", "mime", "env", "setenvif", "headers"),
    *("proxy", "proxy_http"),
)
THREADS = {"StartServers": 2, "ThreadsPerChild": 25, "MaxRequestWorkers": 150}
MANY = {"StartServers": 2, "ThreadLimit": 64, "ThreadsPerChild": 64, "MaxRequestWorkers": 1024}


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that can be started: its name, its port and how it is called."""

    name: str
    port: int
    command: tuple[str, ...]


def httpd_conf(directory: Path, port: int, body: str) -> str:
    """A file that both Apache and revproxy run."""
    return f"""ServerRoot {directory}
PidFile {directory}/server.pid
Listen 127.0.0.1:{port}
ServerName h0.example.test
Timeout 60
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 300
ErrorLog {directory}/error.log
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
CustomLog {directory}/access.log combined
{body}
"""


def apache(
    directory: Path,
    port: int,
    body: str,
    threads: dict[str, int],
    more: tuple[str, ...] = (),
) -> Contender:
    """Real Apache; `more` are modules that it loads besides."""
    _prepare(directory)
    lines = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in (*LOADED, *more)]
    lines += [
        f"DefaultRuntimeDir {directory}",
        f"TypesConfig {directory}/mime.types",
        "User www-data",
        "Group www-data",
    ]
    lines += [f"{name} {value}" for name, value in threads.items()]
    path = directory / "apache.conf"
    path.write_text("\n".join([*lines, httpd_conf(directory, port, body)]))
    command = ("apache2", "-DFOREGROUND", "-d", str(directory), "-f", str(path))
    return Contender("apache", port, command)


def revproxy(directory: Path, port: int, body: str) -> Contender:
    """revproxy, one child a core of those it may use."""
    _prepare(directory)
    path = directory / "httpd.conf"
    path.write_text(httpd_conf(directory, port, body))
    return Contender("revproxy", port, (REVPROXY, "run", "-f", str(path)))


def nginx(directory: Path, port: int, origin: int) -> Contender:
    """nginx as a proxy."""
    _prepare(directory)
    path = directory / "nginx.conf"
    path.write_text(f"""daemon off; pid {directory}/nginx.pid; worker_processes auto;
error_log {directory}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log {directory}/access.log combined;
  keepalive_requests 1000000000; keepalive_timeout 300; client_max_body_size 0;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  proxy_request_buffering off; proxy_buffering on; proxy_max_temp_file_size 0;
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }}
}}
""")
    return Contender("nginx", port, ("nginx", "-e", f"{directory}/error.log", "-c", str(path)))


def haproxy(directory: Path, port: int, origin: int) -> Contender:
    """HAProxy as a proxy."""
    _prepare(directory)
    path = directory / "haproxy.cfg"
    path.write_text(f"""global
  maxconn 8192
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  option forwardfor
  http-reuse always
  timeout client 300s
  timeout server 60s
  timeout connect 5s
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  server s 127.0.0.1:{origin}
""")
    return Contender("haproxy", port, ("haproxy", "-db", "-f", str(path)))


def origin(directory: Path, port: int) -> Contender:
    """The origin of all: nginx, 1 KiB from memory, a big file from disk."""
    _prepare(directory)
    big = directory / "big"
    with big.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    for name, size in (("page850", 850_000), ("page20", 20_000)):
        (directory / name).write_bytes(page(f"http://127.0.0.1:{port}", size))
    with (directory / "page200m").open("wb") as file:
        for _ in range(236):
            file.write((directory / "page850").read_bytes())
    path = directory / "origin.conf"
    path.write_text(f"""daemon off; pid {directory}/nginx.pid; worker_processes 1;
error_log {directory}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; sendfile on; tcp_nodelay on;
  keepalive_requests 1000000000; keepalive_timeout 300; client_max_body_size 0;
  client_body_temp_path {directory}/body;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {directory};
    location / {{ default_type text/html; return 200 "{"x" * 1024}"; }}
    location /dynamic {{ default_type text/html; etag off;
      add_header Set-Cookie "id=$request_id; Path=/; HttpOnly"; add_header ETag '"$request_id"';
      add_header Cache-Control private; return 200 "{"x" * 1024}"; }}
    location = /big {{ default_type application/octet-stream; try_files /big =404; }}
    location ~ ^/page[0-9] {{ default_type text/html; try_files $uri =404; }} }}
}}
""")
    return Contender("origin", port, ("nginx", "-e", f"{directory}/error.log", "-c", str(path)))


def sink(port: int) -> Contender:
    """The origin of uploads: reads the whole body, then answers."""
    return Contender("sink", port, (sys.executable, "-m", "tests.bench.sink", str(port)))


def missing() -> list[str]:
    """The programs that the bench needs and that are not here."""
    needed = ("apache2", "nginx", "haproxy", "wrk", "taskset")
    return [name for name in needed if not shutil.which(name)]


def _prepare(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    (directory / "mime.types").touch()
