"""How is a job carried out? In rounds: its calls go to the owners, and those that must be retried go out again after a
pause, until the deadline. Only the rules: a generator that yields effects (Refresh, Probe, Send, Pause), which each of the
two clients applies in its own way."""
from typing import NamedTuple

from p2p_client.discovery import REFRESH_SECONDS_MAX
from p2p_client.errors import Failed, Rejected, Unknown
from p2p_client.faults import After, Where
from p2p_client.jobs import fingerprints_of
from p2p_client.outcome import Answered, Foreign, Lost, Next, NotExecuted, Raised, next_step, step_at_deadline

# Rounds of one job, whatever its deadline is.
ATTEMPTS_MAX = 1_000

# The pause between two rounds: short at first, since most failures are due to a change of the ring.
PAUSE_SECONDS_MIN = 0.005
PAUSE_SECONDS_MAX = 0.1


class Refresh:
    """Refresh the view, or wait for a refresh that is running. The client sends None back."""


class Send(NamedTuple):
    """Send all parts at once. The client sends their outcomes back, at the deadline at the latest."""

    parts: list


class Probe(NamedTuple):
    """Send a harmless request to nodes that may not answer, with a short deadline. The client sends the outcomes back."""

    nodes: list


class Pause(NamedTuple):
    seconds: float


REFRESH = Refresh()


class _Failures:
    """The failed attempts of one key's call."""

    def __init__(self):
        self.nodes_to_avoid = set()  # until all nodes were tried
        self.was_lost = False
        self.why = ""


class Rounds:
    """`deadline` is a time of `clock`, which is also the clock of `views`."""

    def __init__(self, job, views, deadline, clock):
        self._job = job
        self._views = views
        self._deadline = deadline
        self._clock = clock
        self._failures = {}  # by index
        self._may_repeat_at_once = True
        self._skipped = set()  # nodes that did not answer a probe for this job
        self._view = None

    def end_soon(self):
        """The client is closed: the next round is the last one."""
        self._deadline = self._clock()

    def run(self):
        """Generates the effects. At its end, all of the job's outcomes are set."""
        unfinished = list(range(len(self._job.outcomes)))
        pause = PAUSE_SECONDS_MIN
        why = "no node of the network has answered"
        if not unfinished:
            return
        for _ in range(ATTEMPTS_MAX):
            if self._views.is_refresh_due(self._clock()):
                yield REFRESH
            self._view = self._views.current
            is_halved = False
            if self._view is not None:
                parts = yield from self._parts(unfinished)
                outcomes = yield from self._send(parts)
                unfinished, is_halved = self._settle(parts, outcomes)
            if not unfinished:
                return
            if is_halved:
                continue
            left = self._deadline - self._clock()
            if left <= pause:
                break
            if self._may_repeat_at_once and self._view is not None:
                self._may_repeat_at_once = False
                continue
            yield Pause(pause)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
        for index in unfinished:
            failures = self._failures.get(index)
            was_lost = failures is not None and failures.was_lost
            step = step_at_deadline(self._job.kind(index), was_lost)
            self._job.outcomes[index] = _error(step, failures.why if failures else why)

    def _parts(self, indexes):
        """The parts, each to a node that has answered before, or answers a probe now: a node that accepts a call and never
        replies would use up all of its time."""
        probed = set()
        while True:
            parts = self._job.parts(indexes, self._node_for)
            unprobed = sorted({part.node for part in parts} - self._views.responsive - probed)
            if not unprobed:
                return parts
            asked_at = self._clock()
            for node, outcome in zip(unprobed, (yield Probe(unprobed))):
                if isinstance(outcome, Lost):
                    self._skipped.add(node)
                    # A node that had less time than that, because the call's deadline is near, may only be slow.
                    if self._clock() - asked_at >= REFRESH_SECONDS_MAX:
                        self._views.skip(node, self._clock())
                elif isinstance(outcome, Foreign):
                    self._views.note_foreign(node, self._clock())
                elif isinstance(outcome, Answered):
                    self._views.note_answer(node)
            probed.update(unprobed)

    def _send(self, parts):
        """Sends the parts and returns their outcomes. A part for a foreign node (there is no other left) is not sent."""
        now = self._clock()
        foreign = {part.node for part in parts if self._views.is_foreign(part.node, now)}
        ours = [part for part in parts if part.node not in foreign]
        for part in ours:
            if part.kind.takes_name:
                part.request.prepare(self._views)
        outcomes = iter((yield Send(ours)) if ours else ())
        return [NotExecuted("it is not a p2phost node") if part.node in foreign else next(outcomes) for part in parts]

    def _node_for(self, index):
        """The owner. If it is to be skipped, or an attempt has failed, the next node in the ring's order: any node forwards
        a call."""
        key = self._job.key(index)
        failures = self._failures.get(index)
        owner = self._view.owner_of(key)
        now = self._clock()

        def is_skipped(node):
            return node in self._skipped or self._views.is_skipped(node, now)

        if owner is not None and failures is None and not is_skipped(owner):
            return owner
        by_preference = self._view.owners_of(key, len(self._view.nodes))
        by_preference.sort(key=is_skipped)  # stable: nodes to skip come last
        if failures is None:
            return by_preference[0]
        for node in by_preference:
            if node not in failures.nodes_to_avoid:
                return node
        failures.nodes_to_avoid.clear()
        return by_preference[0]

    def _settle(self, parts, outcomes):
        """Stores the final outcomes. Returns the other indexes, and whether some of them only need smaller parts."""
        unfinished, is_halved = [], False
        for part, outcome in zip(parts, outcomes):
            if isinstance(outcome, Answered):
                self._views.note_answer(part.node)
                for fingerprint in fingerprints_of(outcome):
                    self._views.note_fingerprint(part.node, fingerprint, self._clock())
                mismatch = self._job.accept_reply(part, outcome.value)
                if mismatch is None:
                    continue
                outcome = mismatch
            has_name = False
            if part.kind.takes_name:
                was_lost = isinstance(outcome, Lost) or self._was_lost(part)
                outcome = part.request.note_attempt(outcome, was_lost, self._views)
                has_name = part.request.has_name
            step = next_step(part.kind, outcome, len(part.indexes), has_name)
            if step is Next.done:
                self._store_exception(part, outcome)
            elif step is Next.halved:
                self._job.halve(part)
                unfinished += part.indexes
                is_halved = True
            elif step is Next.again:
                self._note_failure(part, outcome)
                unfinished += part.indexes
            else:
                self._store_error(part, outcome, step)
        return unfinished, is_halved

    def _was_lost(self, part):
        return any(index in self._failures and self._failures[index].was_lost for index in part.indexes)

    def _store_exception(self, part, outcome):
        assert isinstance(outcome, Raised)
        for index in part.indexes:
            self._job.outcomes[index] = outcome.exception

    def _note_failure(self, part, outcome):
        fault = outcome.fault
        if fault.after is After.new_view:
            self._views.note_no_answer(part.node)
        elif fault.after is After.back_off:
            self._may_repeat_at_once = False
        for index in part.indexes:
            failures = self._failures.setdefault(index, _Failures())
            if fault.where is Where.another:
                failures.nodes_to_avoid.add(part.node)
            failures.was_lost = failures.was_lost or isinstance(outcome, Lost)
            failures.why = f"{part.node}: {outcome.why}"

    def _store_error(self, part, outcome, step):
        if isinstance(outcome, Lost):
            self._views.note_no_answer(part.node)
        for index in part.indexes:
            failures = self._failures.get(index)
            # A later refusal does not change what an earlier attempt may have done.
            if failures is not None and failures.was_lost and part.kind.is_change:
                step = Next.unknown
            self._job.outcomes[index] = _error(step, f"{part.node}: {outcome.why}")


def _error(step, why):
    return {Next.failed: Failed, Next.rejected: Rejected, Next.unknown: Unknown}[step](why)
