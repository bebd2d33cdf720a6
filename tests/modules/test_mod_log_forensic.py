"""What ForensicLog writes of a request, and when."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from revproxy import logs
from revproxy.modules.mod_log_forensic import MODULE, forensic_line
from tests.exchanges import hook, make_exchange


def test_lines_leave_at_once(tmp_path: Path):
    former = logs.swap(logs.Logs())
    try:
        line = f"ForensicLog {tmp_path}/forensic.log"
        begin, end = hook(MODULE, "post_read", line), hook(MODULE, "log", line)
        logs.current().open()
        exchange = make_exchange(env={"UNIQUE_ID": "one"})
        begin(exchange)
        written = "+one|GET / HTTP/1.1|Host:example.com\n"
        assert (tmp_path / "forensic.log").read_text() == written
        end(exchange.redirected("/error", None))
        assert (tmp_path / "forensic.log").read_text() == written + "-one\n"
        end(make_exchange())
        assert (tmp_path / "forensic.log").read_text() == written + "-one\n"
        assert exchange.notes["forensic-id"] == "one"
    finally:
        logs.swap(former).close()


@given(st.text(st.characters(max_codepoint=255)))
def test_no_client_forges_a_line(text):
    exchange = make_exchange(request_line=text)
    line = forensic_line(exchange, "id")
    assert line.isascii()
    assert line[:-1].isprintable()
    assert line.count("|") == 2
