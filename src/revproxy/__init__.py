"""Run, check and explain the reverse-proxy part of Apache's httpd.conf, without Apache."""

__version__ = "0.1.0"
