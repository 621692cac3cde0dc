"""What cancel and capture share: a reason, arming, one confirmation, a countdown, the trail."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import ipywidgets

from qerko_recon.actions import AuditTrail
from qerko_recon.client import Client
from qerko_recon.errors import ConfigError
from qerko_recon.settings import Venue
from qerko_recon.widgets.actions.saying import WORDS
from qerko_recon.widgets.parts import (
    Column,
    Countdown,
    Disclosure,
    Panel,
    Table,
    VenueChoice,
    Worker,
    button,
    field,
    guarded,
    heading,
    html,
    note,
    row,
)
from qerko_recon.widgets.parts.showing import as_text, as_time, line_html

__all__ = ["ArmedPanel"]

_ARMED_FOR: Final = timedelta(seconds=30)
_SHOWN: Final = 200


class ArmedPanel(Panel):
    """A panel whose effect takes a look-up, a reason, arming, and one confirmation.

    Parameters
    ----------
    client
        In place of one made from settings.
    venue
        A venue, or the name of one in the settings file.
    config
        The settings file.
    allow_actions
        Needed in code for anything but the sandbox and this machine.
    trail
        The audit trail, or its file.
    armed_for
        After which time it disarms itself.
    clock
        In place of this machine's, for tests.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Attributes
    ----------
    venue
        Whose payments.
    reason, arm, confirm, disarm, countdown
        From the reason to the button that acts.
    look_again
        Reads anew what nobody knows the outcome of.
    trail, lines
        The audit trail, and the table of its last lines.
    """

    title: ClassVar[str]
    """The key of its heading."""

    def __init__(
        self,
        client: Client | None = None,
        *,
        venue: Venue | str | None = None,
        config: str | os.PathLike[str] | None = None,
        allow_actions: bool = False,
        trail: AuditTrail | str | os.PathLike[str] | None = None,
        armed_for: timedelta = _ARMED_FOR,
        clock: Callable[[], datetime] | None = None,
        language: str = "en",
    ) -> None:
        super().__init__(WORDS, language)
        words = self.words
        self._allows = allow_actions
        self.trail = trail if isinstance(trail, AuditTrail) else AuditTrail(trail)
        clocked: dict[str, Any] = {} if clock is None else {"clock": clock}
        self._settings: dict[str, Any] = {
            "trail": self.trail,
            "armed_for": armed_for,
            **clocked,
        }
        self._worker = Worker(self._fail, self._lock)
        self.venue = VenueChoice(
            client, venue=venue, config=config, language=self.language, on_change=self.forget
        )
        self.look_up = button(words("look_up"), self._look_up)
        self.reason = field(
            words("reason"), hint=words(f"{self.title}_reason_hint"), width="48em", is_instant=True
        )
        self.reason.observe(lambda _: self._changed(), "value")
        self.arm = button(words("arm"), self._arm, style="warning", disabled=True)
        self.confirm = button("", self._confirm, style="danger")
        self.disarm = button(words("disarm"), self._disarm)
        self.countdown = Countdown(
            lambda seconds: words.count("countdown", seconds), self._run_out, **clocked
        )
        self.armed = row(self.confirm, self.disarm, self.countdown)
        self.look_again = button(words("look_again"), self._look_again)
        self.outcome = html()
        self.lines = self._trail_table()
        self._trail_path = note(words("trail_file", path=self.trail.path))
        self.audit = Disclosure(words("trail"), self._trail_path, self.lines)
        self.audit.toggle.observe(lambda _: self._show_trail(), "is_open")
        self._hide_armed()
        self.look_again.layout.display = "none"
        self.lay_out(
            heading(words(self.title)),
            note(words(f"{self.title}_note")),
            self.venue,
            *self._inputs(),
            row(self.reason, self.arm),
            self.armed,
            self.outcome,
            self.look_again,
            *self._outputs(),
            self.audit,
        )

    @abstractmethod
    def _inputs(self) -> tuple[ipywidgets.Widget, ...]:
        """Give what stands above the reason."""

    def _outputs(self) -> tuple[ipywidgets.Widget, ...]:
        """Give what stands under the outcome."""
        return ()

    @abstractmethod
    def forget(self) -> None:
        """Forget what was looked up: something else is meant now."""

    @abstractmethod
    def _read(self) -> None:
        """Look up, on the worker's thread."""

    @abstractmethod
    def _make_ready(self, reason: str) -> tuple[datetime | None, str]:
        """Arm; give until when, and what the confirming button says."""

    @abstractmethod
    def _take_back(self) -> None:
        """Disarm what is armed."""

    @abstractmethod
    def _act(self) -> None:
        """Send, once, on the worker's thread, and show what came of it."""

    @abstractmethod
    def _read_again(self) -> None:
        """Look up what nobody knows the outcome of, on the worker's thread."""

    @property
    @abstractmethod
    def is_ready(self) -> bool:
        """Whether there is something that can be armed."""

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until what was begun is done."""
        return self._worker.wait(seconds)

    def close(self) -> None:
        """Disarm, and let the panel go."""
        self.countdown.stop()
        self._take_back()
        super().close()

    @guarded
    def _look_up(self) -> None:
        self._unarm()
        self.outcome.value = ""
        self.status.say(self.words("looking_up"))
        self._worker.start(self._read)

    @guarded
    def _look_again(self) -> None:
        self._worker.start(self._read_again)

    @guarded
    def _arm(self) -> None:
        if not self._may_act():
            self.status.say(self.words("not_allowed"), "warning")
            return
        if not self.reason.value.strip():
            self.status.say(self.words("reason_wanted"), "warning")
            return
        self._worker.start(self._arm_now)

    def _arm_now(self) -> None:
        until, label = self._make_ready(self.reason.value)
        if until is None:
            return
        self.confirm.description = label
        self.confirm.disabled = self.disarm.disabled = False
        self.armed.layout.display = None
        self.countdown.start(until)
        self.status.say(self.words("armed"), "warning")

    @guarded
    def _confirm(self) -> None:
        # The button is dead before anything else happens, and the worker takes one at a time.
        if self.confirm.disabled:
            return
        self.confirm.disabled = self.disarm.disabled = True
        self._worker.start(self._act_now)

    def _act_now(self) -> None:
        self.status.say(self.words("sending"))
        try:
            self._act()
        finally:
            self._hide_armed()
            self.arm.disabled = not self.is_ready
            self._show_trail()

    @guarded
    def _disarm(self) -> None:
        self._unarm()
        self.status.say(self.words("disarmed"))

    def _run_out(self) -> None:
        if not self.confirm.disabled:
            self._unarm()
            self.status.say(self.words("run_out"), "warning")

    def _changed(self) -> None:
        """Disarm, since something else may be meant now."""
        if self.armed.layout.display != "none" and not self.confirm.disabled:
            self._unarm()
            self.status.say(self.words("disarmed_by_change"), "warning")
        self.arm.disabled = not self.is_ready or self._worker.is_busy

    def _unarm(self) -> None:
        self._take_back()
        self._hide_armed()

    def _hide_armed(self) -> None:
        self.countdown.stop()
        self.confirm.disabled = self.disarm.disabled = True
        self.armed.layout.display = "none"

    def _may_act(self) -> bool:
        try:
            return self._allows or self.venue.is_trial
        except ConfigError:
            return False

    def _lock(self, is_busy: bool) -> None:
        for one in (self.look_up, self.look_again, self.reason, self.venue.choice):
            one.disabled = is_busy
        self.arm.disabled = is_busy or not self.is_ready

    def _fail(self, error: Exception) -> None:
        self._hide_armed()
        self.status.fail(error)

    def _tell_outcome(self, text: str, tone: Any) -> None:
        self.outcome.value = line_html(text, tone)
        self.status.say(self.words("ended"), "good" if tone == "good" else "warning")

    def _show_trail(self) -> None:
        """Show the last lines of the trail, the newest first, where somebody looks."""
        if not self.audit.is_open:
            return
        frame = self.trail.frame
        kept = frame.tail(_SHOWN).iloc[::-1]
        self.lines.put(kept.assign(key=[str(one) for one in kept["seq"]]))

    def _trail_table(self) -> Table:
        words = self.words
        return Table(
            words("trail"),
            [
                Column("at", words("trail_at"), lambda one: as_time(one, "UTC", seconds=True)),
                Column("kind", words("trail_kind"), lambda one: words(f"kind.{one}")),
                Column("payment_id", words("trail_payment"), as_text),
                Column("state", words("trail_state"), lambda one: words(f"state.{one}")),
                Column("by", words("trail_by"), as_text),
                Column("reason", words("trail_reason"), as_text, is_wide=True),
            ],
            key="key",
            language=self.language,
            page_size=10,
        )
