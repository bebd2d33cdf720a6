"""What all tests share.

Laws:
- Hypothesis has no deadline: the tests run next to others on a small machine.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("revproxy", deadline=None)
settings.load_profile("revproxy")
