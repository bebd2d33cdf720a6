"""The lint rules, by id. Each file holds one rule; its docstring is the rule's page."""

from __future__ import annotations

from typing import Final

from revproxy.lint.rule import Rule
from revproxy.lint.rules import (
    rp107_remoteip_trusts_everyone,
    rp201_proxypass_shadowed,
    rp202_exclusion_too_late,
    rp204_trailing_slash_mismatch,
    rp301_dollar_for_percent,
    rp518_auth_without_require,
)

RULES: Final[tuple[Rule, ...]] = (
    rp107_remoteip_trusts_everyone.RULE,
    rp201_proxypass_shadowed.RULE,
    rp202_exclusion_too_late.RULE,
    rp204_trailing_slash_mismatch.RULE,
    rp301_dollar_for_percent.RULE,
    rp518_auth_without_require.RULE,
)
