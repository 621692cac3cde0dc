"""Commands that move money: they show what is to be done, ask, do it once, say what changed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qerko_recon.cli.group import BREAKS, CLEAN, UNREACHED, cli
from qerko_recon.cli.options import Whose, file_in, file_out, json_option, venue_options
from qerko_recon.cli.show import print_json, say
from qerko_recon.errors import QerkoReconError, UnexpectedResponse

if TYPE_CHECKING:
    from qerko_recon.actions import Snapshot
    from qerko_recon.model import Payment, Receipt

__all__ = ["cancel", "capture"]

_ENDS = {"done": CLEAN, "dry_run": CLEAN, "outcome_unknown": UNREACHED}


@dataclass(frozen=True, slots=True)
class _Acting:
    """What both commands are told beside what they act on."""

    reason: str | None
    is_sure: bool
    is_dry: bool
    again: bool
    trail: Path | None
    as_json: bool

    def settings(self) -> dict[str, Any]:
        """Give what an action is made with."""
        from qerko_recon.actions import AuditTrail

        return {"trail": AuditTrail(self.trail), "dry_run": self.is_dry}

    def need_person(self) -> None:
        """Refuse to act where nobody can be asked and nobody said yes."""
        is_there = sys.stdin.isatty()
        if not is_there and not (self.is_sure or self.is_dry):
            raise click.UsageError("nobody is there to confirm; add --yes and --reason")
        if not is_there and not (self.reason or "").strip():
            raise click.UsageError("--reason TEXT is needed: the audit trail says why")

    def why(self) -> str:
        """Give the reason, asked for where it was not given."""
        return self.reason or str(click.prompt("Reason, for the audit trail", err=True))

    def is_confirmed(self, question: str) -> bool:
        """Ask, unless that was answered before."""
        return self.is_sure or self.is_dry or click.confirm(question, default=False, err=True)


def _acting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Put the options of both commands on one."""

    def call(
        reason: str | None,
        is_sure: bool,
        is_dry: bool,
        again: bool,
        trail: Path | None,
        as_json: bool,
        **given: Any,
    ) -> Any:
        acting = _Acting(reason, is_sure, is_dry, again, trail, as_json)
        return command(acting=acting, **given)

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    for option in (
        json_option,
        click.option("--trail", type=file_out, help="Audit trail (default: in your user folder)."),
        click.option(
            "--again",
            is_flag=True,
            help="Send although an earlier request may have been carried out: your decision.",
        ),
        click.option("--dry-run", "is_dry", is_flag=True, help="Do everything but send."),
        click.option("--yes", "is_sure", is_flag=True, help="Do not ask."),
        click.option("--reason", help="Why, for the audit trail."),
    ):
        call = option(call)
    return venue_options(call)


@cli.command()
@click.argument("payment_ids", nargs=-1, required=True)
@_acting
def cancel(payment_ids: tuple[str, ...], acting: _Acting, whose: Whose) -> int:
    """Cancel payments: return the guests' money. Each is one request, never repeated.

    Example: qerko-recon cancel 1234 --reason "paid twice"
    """
    from qerko_recon.actions import CancelMany
    from qerko_recon.client import Client

    acting.need_person()
    with Client(whose.load()) as client:
        many = CancelMany(client, payment_ids, **acting.settings())
        snapshots = many.look_up()
        _show(snapshots)
        for payment_id, why in many.unread.items():
            say(f"{payment_id}: {why}")
        totals = _totals(many.totals)
        if not totals:
            say("There is nothing to cancel.")
            return _end(many.snapshots, acting, many.unread)
        if not acting.is_confirmed(f"Return {totals} to the guests?"):
            say("Nothing was sent.")
            return BREAKS
        many.arm(acting.why())
        try:
            many.confirm(again=acting.again)
        except BaseException:
            _end(many.snapshots, acting, many.unread)  # what was done is said, whatever came next
            raise
        return _end(many.snapshots, acting, many.unread)


@cli.command()
@click.argument("payment_id")
@click.option(
    "--receipt", "receipt_file", type=file_in, required=True, help="Receipt as JSON of the wire."
)
@_acting
def capture(payment_id: str, receipt_file: Path, acting: _Acting, whose: Whose) -> int:
    """Capture a payment that was started with manual capture, with its receipt.

    Example: qerko-recon capture 1234 --receipt receipt.json --reason "table 7 has left"
    """
    from qerko_recon.actions import CaptureAction
    from qerko_recon.client import Client

    acting.need_person()
    receipt = _receipt(receipt_file)
    with Client(whose.load()) as client:
        action = CaptureAction(client, payment_id, receipt, **acting.settings())
        seen = action.look_up()
        _show([seen])
        if seen.obstacles:
            return _end([seen], acting, {})
        amount = _amount_of(receipt, seen.payment)
        if not acting.is_confirmed(f"Capture {amount} of payment {payment_id}?"):
            say("Nothing was sent.")
            return BREAKS
        action.arm(acting.why())
        return _end([action.confirm(again=acting.again)], acting, {})


def _receipt(file: Path) -> Receipt:
    from qerko_recon.model import decode_receipt

    try:
        return decode_receipt(file.read_bytes())
    except OSError as error:
        raise QerkoReconError(f"{file} cannot be read: {error.strerror}") from error
    except UnexpectedResponse as error:
        raise QerkoReconError(f"{file}: {error}".replace("the answer is", "it is")) from None


def _show(snapshots: Iterable[Snapshot]) -> None:
    """Say what is known of each payment before anything is done."""
    now = datetime.now(UTC)
    for seen in snapshots:
        if seen.payment is None:
            continue
        line = f"{seen.payment_id}: {seen.payment.state}, {_paid(seen.payment)}"
        line += f", bill {seen.payment.bill_id}"
        if seen.kind == "cancel" and seen.window is not None:
            line += f"; window {seen.window.words(now)}"
        say(line)
        for word, found in (("not possible", seen.obstacles), ("note", seen.warnings)):
            for sentence in found:
                say(f"  {word}: {sentence}")


def _end(snapshots: Iterable[Snapshot], acting: _Acting, unread: dict[str, str]) -> int:
    """Print what changed; give the worst of the exit codes."""
    seen = list(snapshots)
    if acting.as_json:
        print_json([_as_json(one, unread) for one in seen])
    else:
        for one in seen:
            if one.has_ended:
                click.echo(f"{one.payment_id}: {_changed(one)}")
    return max((_ENDS.get(one.state, BREAKS) for one in seen), default=CLEAN)


def _changed(seen: Snapshot) -> str:
    before = "" if seen.payment is None else seen.payment.state
    after = "" if seen.after is None else f" → {seen.after.state}"
    words = f"{seen.state.replace('_', ' ')}, {before}{after}"
    return f"{words}. {seen.detail}" if seen.detail else words


def _as_json(seen: Snapshot, unread: dict[str, str]) -> dict[str, Any]:
    return {
        "payment_id": seen.payment_id,
        "action_id": seen.action_id,
        "kind": seen.kind,
        "state": seen.state,
        "status": seen.status,
        "detail": seen.detail or unread.get(seen.payment_id, ""),
        "reason": seen.reason,
        "obstacles": seen.obstacles,
        "warnings": seen.warnings,
        "state_before": seen.payment and seen.payment.state,
        "state_after": seen.after and seen.after.state,
        "currency": seen.payment and seen.payment.currency,
        "settled_before": seen.payment and str(_total(seen.payment)),
    }


def _total(payment: Payment) -> Decimal:
    return sum((part.total for part in payment.parts), Decimal(0))


def _paid(payment: Payment) -> str:
    return _totals({payment.currency: _total(payment)})


def _amount_of(receipt: Receipt, payment: Payment | None) -> str:
    if payment is None:
        return "an unknown amount"
    price = receipt.final_price
    return _totals({payment.currency: _total(payment) if price is None else price})


def _totals(amounts: dict[str, Decimal]) -> str:
    from qerko_recon.money import format_amount

    return " and ".join(format_amount(total, currency) for currency, total in amounts.items())
