"""The lint rules, by id. Each file holds one rule; its docstring is the rule's page."""

from __future__ import annotations

from typing import Final

from revproxy.lint.rule import Rule
from revproxy.lint.rules import (
    rp101_open_proxy,
    rp102_client_chooses_backend,
    rp103_capture_glued_to_authority,
    rp104_capture_reinserted_unescaped,
    rp105_known_vulnerability,
    rp106_substitution_starts_with_capture,
    rp107_remoteip_trusts_everyone,
    rp108_backend_tls_unverified,
    rp109_credentials_in_url,
    rp110_status_or_manager_exposed,
    rp111_cache_before_access_control,
    rp112_encoded_slashes_decoded,
    rp113_weak_tls,
    rp114_server_tokens,
    rp115_trace_enabled,
    rp116_secrule_engine_off,
    rp201_proxypass_shadowed,
    rp202_exclusion_too_late,
    rp204_trailing_slash_mismatch,
    rp301_dollar_for_percent,
    rp518_auth_without_require,
)

RULES: Final[tuple[Rule, ...]] = (
    rp101_open_proxy.RULE,
    rp102_client_chooses_backend.RULE,
    rp103_capture_glued_to_authority.RULE,
    rp104_capture_reinserted_unescaped.RULE,
    rp105_known_vulnerability.RULE,
    rp106_substitution_starts_with_capture.RULE,
    rp107_remoteip_trusts_everyone.RULE,
    rp108_backend_tls_unverified.RULE,
    rp109_credentials_in_url.RULE,
    rp110_status_or_manager_exposed.RULE,
    rp111_cache_before_access_control.RULE,
    rp112_encoded_slashes_decoded.RULE,
    rp113_weak_tls.RULE,
    rp114_server_tokens.RULE,
    rp115_trace_enabled.RULE,
    rp116_secrule_engine_off.RULE,
    rp201_proxypass_shadowed.RULE,
    rp202_exclusion_too_late.RULE,
    rp204_trailing_slash_mismatch.RULE,
    rp301_dollar_for_percent.RULE,
    rp518_auth_without_require.RULE,
)
