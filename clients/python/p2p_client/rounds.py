"""How does a job come to its end? In rounds: its calls go to the owners, and what nobody has taken goes out again after
a pause, until the deadline. Rules alone: a generator that asks for effects (Learn, Probe, Send, Pause), which the plain
and the asyncio client obey, each in its way."""
from typing import NamedTuple

from p2p_client.errors import Failed, Rejected, Unknown
from p2p_client.faults import After, Where
from p2p_client.jobs import fingerprints_of
from p2p_client.learning import LEARN_SECONDS_MAX
from p2p_client.outcome import Answered, Foreign, Lost, Next, Raised, Untaken, next_step, when_time_is_over

# Rounds of one job, whatever its deadline is.
ATTEMPTS_MAX = 1_000

# Between two rounds: short at first, since most troubles are a ring that is just changing.
PAUSE_SECONDS_MIN = 0.005
PAUSE_SECONDS_MAX = 0.1


class Learn:
    """Ask for the view, or wait until somebody who is asking has it; to be answered with nothing."""


class Send(NamedTuple):
    """Send all parts at once; to be answered with their outcomes at the deadline at the latest."""

    parts: list


class Probe(NamedTuple):
    """Ask nodes that this client has not heard of a harmless question, briefly; to be answered with their outcomes."""

    nodes: list


class Pause(NamedTuple):
    seconds: float


LEARN = Learn()


class _Trouble:
    """What one key's call has met so far."""

    def __init__(self):
        self.nodes = set()  # that it is not to go to again until all were tried
        self.was_lost = False
        self.why = ""


class Rounds:
    """`deadline` by `clock`, the clock of `views` too."""

    def __init__(self, job, views, deadline, clock):
        self._job = job
        self._views = views
        self._deadline = deadline
        self._clock = clock
        self._troubles = {}  # by index
        self._may_repeat_at_once = True
        self._passed_over = set()  # nodes that did not answer a question on the way to this job's calls
        self._view = None

    def end_soon(self):
        """The client is closed: what is not done when the next round is over stays undone."""
        self._deadline = self._clock()

    def run(self):
        """The effects. When it is over, each of the job's outcomes is there."""
        undone = list(range(len(self._job.outcomes)))
        pause = PAUSE_SECONDS_MIN
        why = "no node of the network has answered"
        if not undone:
            return
        for _ in range(ATTEMPTS_MAX):
            if self._views.is_due(self._clock()):
                yield LEARN
            self._view = self._views.current
            is_halved = False
            if self._view is not None:
                parts = yield from self._parts(undone)
                outcomes = yield from self._sent(parts)
                undone, is_halved = self._settle(parts, outcomes)
            if not undone:
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
        for index in undone:
            trouble = self._troubles.get(index)
            was_lost = trouble is not None and trouble.was_lost
            step = when_time_is_over(self._job.kind(index), was_lost)
            self._job.outcomes[index] = _error(step, trouble.why if trouble else why)

    def _parts(self, indexes):
        """The parts, to nodes that speak as far as can be told: one that takes a call and says nothing would cost it
        all its time."""
        probed = set()
        while True:
            parts = self._job.parts(indexes, self._node_for)
            strangers = sorted({part.node for part in parts} - self._views.speaking - probed)
            if not strangers:
                return parts
            asked_at = self._clock()
            for node, outcome in zip(strangers, (yield Probe(strangers))):
                if isinstance(outcome, Lost):
                    self._passed_over.add(node)
                    # Who was given less time than that, because a call was in a hurry, may only be slow.
                    if self._clock() - asked_at >= LEARN_SECONDS_MAX:
                        self._views.mute(node, self._clock())
                elif isinstance(outcome, Foreign):
                    self._views.is_none_of_ours(node, self._clock())
                elif isinstance(outcome, Answered):
                    self._views.answers(node)
            probed.update(strangers)

    def _sent(self, parts):
        """Their outcomes. To a node that is none of ours nothing is sent: there is no other left that answers."""
        now = self._clock()
        foreign = {part.node for part in parts if self._views.is_foreign(part.node, now)}
        ours = [part for part in parts if part.node not in foreign]
        told = iter((yield Send(ours)) if ours else ())
        return [Untaken("it is no node of ours") if part.node in foreign else next(told) for part in parts]

    def _node_for(self, index):
        """The owner; when it is mute, or after troubles, the next in line: any node passes a call on."""
        key = self._job.key(index)
        trouble = self._troubles.get(index)
        owner = self._view.owner_of(key)
        now = self._clock()

        def is_mute(node):
            return node in self._passed_over or self._views.is_mute(node, now)

        if trouble is None and not is_mute(owner):
            return owner
        in_line = self._view.owners_of(key, len(self._view.members))
        in_line.sort(key=is_mute)  # stable: those that speak come first
        if trouble is None:
            return in_line[0]
        for node in in_line:
            if node not in trouble.nodes:
                return node
        trouble.nodes.clear()
        return in_line[0]

    def _settle(self, parts, outcomes):
        """Takes over what is final; the indexes of the rest, and whether some of them only want smaller parts."""
        undone, is_halved = [], False
        for part, outcome in zip(parts, outcomes):
            if isinstance(outcome, Answered):
                self._views.answers(part.node)
                for fingerprint in fingerprints_of(outcome):
                    self._views.heard(part.node, fingerprint, self._clock())
                misfit = self._job.answered(part, outcome.value)
                if misfit is None:
                    continue
                outcome = misfit
            step = next_step(part.kind, outcome, len(part.indexes))
            if step is Next.done:
                self._raised(part, outcome)
            elif step is Next.halved:
                self._job.halve(part)
                undone += part.indexes
                is_halved = True
            elif step is Next.again:
                self._troubled(part, outcome)
                undone += part.indexes
            else:
                self._ended(part, outcome, step)
        return undone, is_halved

    def _raised(self, part, outcome):
        assert isinstance(outcome, Raised)
        for index in part.indexes:
            self._job.outcomes[index] = outcome.exception

    def _troubled(self, part, outcome):
        fault = outcome.fault
        if fault.after is After.new_view:
            self._views.suspect(part.node)
        elif fault.after is After.back_off:
            self._may_repeat_at_once = False
        for index in part.indexes:
            trouble = self._troubles.setdefault(index, _Trouble())
            if fault.where is Where.another:
                trouble.nodes.add(part.node)
            trouble.was_lost = trouble.was_lost or isinstance(outcome, Lost)
            trouble.why = f"{part.node}: {outcome.why}"

    def _ended(self, part, outcome, step):
        if isinstance(outcome, Lost):
            self._views.suspect(part.node)
        for index in part.indexes:
            trouble = self._troubles.get(index)
            # What an earlier attempt may have done is not undone by a later refusal.
            if trouble is not None and trouble.was_lost and part.kind.is_change:
                step = Next.unknown
            self._job.outcomes[index] = _error(step, f"{part.node}: {outcome.why}")


def _error(step, why):
    return {Next.failed: Failed, Next.rejected: Rejected, Next.unknown: Unknown}[step](why)
