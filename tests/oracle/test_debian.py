"""Debian's own configuration has no error here, whatever of its modules is enabled."""

from __future__ import annotations

from pathlib import Path

import pytest

from revproxy.errors import Severity
from revproxy.lint.run import lint
from revproxy.plan.load import load_file
from tests.oracle.servers import APACHE

PATH = Path("/etc/apache2/apache2.conf")

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not APACHE, reason="needs apache2 (Debian: apt install apache2)"),
]


def test_debians_configuration_has_no_error() -> None:
    environ = {
        "APACHE_RUN_DIR": "/run",
        "APACHE_PID_FILE": "/run/apache2.pid",
        "APACHE_LOG_DIR": "/var/log/apache2",
        "APACHE_RUN_USER": "daemon",
        "APACHE_RUN_GROUP": "daemon",
    }
    findings = lint(load_file(str(PATH), environ=environ))
    assert [str(item) for item in findings if item.severity >= Severity.ERROR] == []
