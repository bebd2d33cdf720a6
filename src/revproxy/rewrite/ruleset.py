"""A list of rules, run from the top until one says stop.

Laws:
- C skips the rest of its chain on a miss, S the next rules on a hit, N starts over, L, P and END
  stop; a status ends the request at once.
- A name that grows beyond twice the longest request line is a loop: 500.
- A raw blank or control character in the query never leaves: 403, whatever else was said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.rewrite.conditions import told_groups
from revproxy.rewrite.refusal import refusal, refuse_raw_query
from revproxy.rewrite.rule import Step
from revproxy.rewrite.ruled_out import RuledOut
from revproxy.rewrite.run import Run
from revproxy.rewrite.stretch import stretches
from revproxy.rewrite.substitution import CHANGED, MISS
from revproxy.rewrite.tell import tell_subject

UNCHANGED: Final = 0
NORMAL: Final = 1
NO_ESCAPE: Final = 2
"""The last rule that changed something says the result is escaped already (NE)."""

_END: Final = "mod_rewrite_END"
_LONGEST: Final = 2 * 8190


class RuleList:
    """Compiled rules in order."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self.stretches = stretches(
            [None if step.negated or step.flags.chain else step.pattern for step in steps]
        )
        self.ruled_out = RuledOut(self.steps, self.stretches)


def run_rules(rules: RuleList, run: Run) -> int:  # noqa: C901, PLR0912, PLR0915 - the flags, in order
    """Run the rules: UNCHANGED, NORMAL or NO_ESCAPE. Raises HTTPError for a status."""
    changed = UNCHANGED
    rounds = 1
    index = 0
    subject = run.subject()
    is_sub_request = run.exchange.main is not None
    steps = rules.steps
    count = len(steps)
    quiet = run.tell is None and run.log is None
    unseen = quiet and not is_sub_request
    known = rules.stretches if quiet else {}
    following = rules.ruled_out.following(run) if unseen else rules.ruled_out.nothing
    while index < count:
        if index in known:
            first = known[index].first(subject)
            if first != index:
                index = first
                continue
        if following[index] != index:
            index = following[index]
            continue
        step = steps[index]
        index += 1
        flags = step.flags
        guard = step.guard if unseen else None
        if guard is not None:
            # Its pattern matches anything: where a condition fails, it need not be tried.
            run.condition_match = None
            if not guard(run):
                continue
        passes = is_sub_request and (flags.no_sub_requests or flags.is_redirect)
        if run.log is not None and not passes:
            tell_subject(run)
            run.log(3, f"applying pattern '{step.pattern_text}' to uri '{subject}'")
        match = step.search(subject)
        missed = (match is None) is not step.negated
        if missed and quiet and not flags.chain:
            continue
        if passes:
            continue
        outcome = MISS
        if not missed:
            run.rule_match = match
            if guard is not None:
                outcome = step.act_guarded(run)
            else:
                run.condition_match = None
                outcome = step.act(run)
        if run.tell is not None:
            if missed:
                hit = f"did not match '{subject}'"
            elif outcome == MISS:
                hit = f"matched '{subject}', but its conditions do not hold"
            else:
                hit = f"matched '{subject}'{told_groups(match, '$')}"
            run.tell(f"{step.source}: {hit}", step.location, acted=outcome != MISS)
        if outcome == MISS:
            if flags.chain:
                while index < count and steps[index - 1].flags.chain:
                    index += 1
            continue
        if len(run.filename) > _LONGEST:
            raise _endless(run, step, "", f"maximum length ({_LONGEST})")
        if run.vary:
            run.exchange.out.append("Vary", ", ".join(run.vary))
            run.vary.clear()
        if flags.status:
            refuse_raw_query(run)
            run.exchange.query = run.args
            raise HTTPError(flags.status, is_first=True)
        if outcome == CHANGED:
            subject = run.subject()
            changed = NO_ESCAPE if flags.no_escape else NORMAL
        if flags.pass_through:
            if run.log is not None:
                text = f"forcing '{run.filename}' to get passed through to next API "
                run.log(2, text + "URI-to-filename handler")
            run.passes_through = True
            return NORMAL
        if flags.end:
            if run.log is not None:
                run.log(8, "Rule has END flag, no further rewriting for this request")
            run.exchange.notes[_END] = "1"
            break
        if flags.proxy or flags.last:
            break
        if flags.rounds:
            rounds += 1
            if rounds >= flags.rounds:
                limit = f"maximum number of rounds ({flags.rounds}) via the [N] flag"
                raise _endless(run, step, "AH02596", limit)
            index = 0
            continue
        index += flags.skip
    return changed


def _endless(run: Run, step: Step, code: str, limit: str) -> HTTPError:
    text = f"RewriteRule '{step.pattern_text}' and URI '{run.exchange.path}' exceeded {limit}"
    refused = refusal(run, 500, code, text)
    refuse_raw_query(run)
    refused.is_first = True
    return refused


def is_ended(exchange: Exchange) -> bool:
    """A rule with END has been met, for this request or the one it was made from."""
    at: Exchange | None = exchange
    while at is not None:
        if _END in at.notes:
            return True
        at = at.previous
    return False
