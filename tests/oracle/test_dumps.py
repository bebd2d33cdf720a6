"""`lint --dump` next to Apache's own -S, -M and -D DUMP_INCLUDES."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from revproxy.cli import main
from tests.oracle.servers import APACHE, apache_around, lay_out

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not APACHE, reason="needs apache2 (Debian: apt install apache2)"),
]

HOSTS = {
    "names": """
ServerName main.test
<VirtualHost *:80>
ServerName a.test
ServerAlias b.test *.b.test
ServerAlias c? c.test
</VirtualHost>
<VirtualHost *:80 *:81>
ServerName c.test:81
</VirtualHost>
<VirtualHost *:82>
ServerName https://alone.test:82
ServerAlias other.test
</VirtualHost>
<VirtualHost _default_:443>
</VirtualHost>
<VirtualHost *>
ServerName any.test
</VirtualHost>
""",
    "addresses": """
ServerName main.test
<VirtualHost 127.0.0.1:80>
ServerName d.test
</VirtualHost>
<VirtualHost 127.0.0.1>
ServerName e.test
</VirtualHost>
<VirtualHost [::1]:80 10.0.0.1:*>
ServerName v6.test
</VirtualHost>
<VirtualHost 192.0.2.200:443 10.20.30.40:80 [2001:db8::7]>
ServerName many.test
</VirtualHost>
<VirtualHost 127.0.0.1:80>
ServerName f.test
</VirtualHost>
<VirtualHost 127.0.0.1:8080 *:8080>
ServerName g.test
</VirtualHost>
""",
    "the same twice": """
ServerName main.test
<VirtualHost *:80 *:80>
ServerName a.test
</VirtualHost>
<VirtualHost *:80>
ServerName a.test
</VirtualHost>
""",
    "none": "ServerName main.test\n",
}


def asked(directory: Path, *options: str) -> list[str]:
    done = subprocess.run(
        [APACHE, *options, "-d", str(directory), "-f", str(directory / "apache.conf")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("config", HOSTS.values(), ids=HOSTS)
def test_virtual_hosts(config, tmp_path, capsys):
    lay_out(tmp_path, f"Listen 127.0.0.1:9\n{config}", {}, {})
    around = apache_around(tmp_path)
    apache = [line for line in asked(tmp_path, "-S") if re.match(r"VirtualHost|[\s*\[\d]", line)]
    assert main(["lint", "--dump", "vhosts", str(around)]) in (0, 1)
    ours = [
        line
        for line in capsys.readouterr().out.splitlines()
        if re.match(r"VirtualHost|[\s*\[\d]", line)
    ]
    # Apache says nothing at all where there is no virtual host.
    assert ours == (apache or ["VirtualHost configuration:"])


def test_modules(tmp_path, capsys):
    lay_out(tmp_path, "Listen 127.0.0.1:9\n", {}, {})
    around = apache_around(tmp_path)
    apache = [line.split() for line in asked(tmp_path, "-M")[1:]]
    assert main(["lint", "--dump", "modules", str(around)]) == 0
    ours = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]]
    static = [row for row in apache if row[1] == "(static)"]
    assert [row for row in ours if row[1] == "(shared)"] == apache[len(static) :]
    # Our own process model is there as well.
    assert {row[0] for row in ours if row[1] == "(static)"} == {
        *(row[0] for row in static),
        "mpm_trio_module",
    }


def test_included_files(tmp_path, capsys):
    files = {
        "a.conf": "ServerName a.test\n<IfModule headers_module>\nInclude b/\n</IfModule>\n",
        # Behind a file that includes others, Apache tells the line of their Include.
        "b/1.conf": "# nothing\n",
        "b/2.conf": "Include c.conf\n",
        "c.conf": "ServerAdmin c@example.test\n",
    }
    config = "Listen 127.0.0.1:9\n\nIncludeOptional none/*.conf\nInclude a.conf\nInclude [c].conf\n"
    lay_out(tmp_path, config, files, {})
    around = apache_around(tmp_path)
    apache = asked(tmp_path, "-t", "-D", "DUMP_INCLUDES")
    assert main(["lint", "-d", str(tmp_path), "--dump", "includes", str(around)]) == 0
    assert capsys.readouterr().out.splitlines() == apache
