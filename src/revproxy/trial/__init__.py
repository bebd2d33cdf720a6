"""Tests of a configuration: requests, what must become of them, and which lines none touched."""
