"""Commands by which people say what they know and decide: note, accept, sign-off."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qerko_recon.cli.group import BREAKS, CLEAN, cli
from qerko_recon.cli.history import opened, venue_named
from qerko_recon.cli.options import json_option
from qerko_recon.cli.recording import history_option
from qerko_recon.cli.show import print_json, rows, say

if TYPE_CHECKING:
    from qerko_recon.history import KeptRuling, SinceSignOff

__all__ = ["accept", "note", "sign_off"]

_STATUSES = ("open", "explained", "accepted", "handed_on", "closed")

_day_option = click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The business day, as 2026-11-20.",
)
_by_option = click.option("--by", metavar="NAME", help="Who (default: you on this machine).")


@cli.command()
@click.argument("break_id")
@click.argument("text")
@click.option("--status", type=click.Choice(_STATUSES), help="Give the break a status too.")
@_by_option
@venue_named
@_day_option
@history_option
def note(
    break_id: str,
    text: str,
    status: str | None,
    by: str | None,
    venue: str | None,
    day: datetime | None,
    history_file: Path | None,
) -> int:
    """Say something of a break; it stays with it in every run to come.

    `accepted` and `closed` hold for the amount the break has now.

    Example: qerko-recon note B-4f1c09d2ab37 "the bank confirms it" --status explained
    """
    with opened(history_file) as history:
        which = None if day is None else day.date()
        history.note(break_id, text, status=status, by=by, venue=venue, day=which)
    say(f"Noted with {break_id}." if status is None else f"{break_id} is {status} now.")
    return CLEAN


@cli.command()
@click.argument("match_id", required=False)
@click.option("--reason", help="Why, for whoever reads it next.")
@click.option("--reject", is_flag=True, help="Refuse the match in place of accepting it.")
@click.option("--exclude-payment", metavar="ID", help="Leave this payment out of every run.")
@click.option("--exclude-tender", metavar="ID", help="Leave this POS line out of every run.")
@click.option("--withdraw", metavar="RULING", help="Take a ruling back.")
@_by_option
@venue_named
@history_option
@json_option
def accept(
    match_id: str | None,
    reason: str | None,
    reject: bool,
    exclude_payment: str | None,
    exclude_tender: str | None,
    withdraw: str | None,
    by: str | None,
    venue: str | None,
    history_file: Path | None,
    as_json: bool,
) -> int:
    """Accept a suggested match of a recorded run; the next runs of the venue follow the ruling.

    Example: qerko-recon accept M-48213 --reason "same guest, wrong bill"
    """
    from qerko_recon.recon.rulings import Ruling

    chosen = [one for one in (match_id, exclude_payment, exclude_tender, withdraw) if one]
    if len(chosen) != 1:
        raise click.UsageError(
            "say one thing: MATCH_ID, --exclude-payment, --exclude-tender or --withdraw"
        )
    if reject and match_id is None:
        raise click.UsageError("--reject is about a match: give its MATCH_ID")
    if not (reason or "").strip():
        raise click.UsageError("--reason TEXT is needed: the journal says why")
    why = str(reason).strip()
    with opened(history_file) as history:
        if withdraw is not None:
            history.withdraw(withdraw, reason=why, by=by, venue=venue)
            say(f"{withdraw} is withdrawn; the next run does not follow it.")
            return CLEAN
        if match_id is not None:
            decide = history.reject if reject else history.accept
            kept = decide(match_id, reason=why, by=by, venue=venue)
        elif exclude_payment is not None:
            ruling = Ruling("exclude_payment", payment_ids=(exclude_payment,), reason=why)
            kept = history.rule(ruling, venue=venue, by=by)
        else:
            ruling = Ruling("exclude_tender", tender_ids=(str(exclude_tender),), reason=why)
            kept = history.rule(ruling, venue=venue, by=by)
    return _tell_ruling(kept, as_json=as_json)


@cli.command("sign-off")
@venue_named
@_day_option
@click.option("--by", metavar="NAME", help="Who reviewed the day.")
@click.option("--comment", default="", help="For whoever reads it next.")
@click.option("--with-open-breaks", is_flag=True, help="Sign although breaks of it are open.")
@click.option(
    "--allow-same-person", is_flag=True, help="Let who prepared the day sign it; recorded as such."
)
@click.option("--status", is_flag=True, help="Tell what changed since it was signed off.")
@click.option("--reopen", is_flag=True, help="Take the sign-off back; needs --by and --reason.")
@click.option("--reason", default="", help="Why it is reopened.")
@history_option
@json_option
def sign_off(
    venue: str | None,
    day: datetime | None,
    by: str | None,
    comment: str,
    with_open_breaks: bool,
    allow_same_person: bool,
    status: bool,
    reopen: bool,
    reason: str,
    history_file: Path | None,
    as_json: bool,
) -> int:
    """Sign a business day off by name: notes and rulings on it are closed until it is reopened.

    Example: qerko-recon sign-off --venue old-town --day 2026-11-20 --by "Jana Malá"
    """
    if day is None:
        raise click.UsageError("which day: give it with --day 2026-11-20")
    if by is None and not status:
        raise click.UsageError("a day is signed off by name: give it with --by NAME")
    with opened(history_file) as history:
        if status:
            return _tell_since(history.since_sign_off(venue, day.date()), as_json=as_json)
        who = str(by)
        if reopen:
            history.reopen(venue, day.date(), by=who, reason=reason)
            say(f"{day.date()} is open again.")
            return CLEAN
        held = history.sign_off(
            venue,
            day.date(),
            by=who,
            comment=comment,
            with_open_breaks=with_open_breaks,
            allow_same_person=allow_same_person,
        )
    if as_json:
        print_json(held)
    else:
        left = f"; open breaks: {held.open_breaks}" if held.open_breaks else ""
        same = ", who prepared it too" if held.is_same_person else ""
        click.echo(f"{held.business_day} is signed off by {held.by}{same}{left}.")
        click.echo(f"Seal: {held.seal}")
    return CLEAN


def _tell_ruling(kept: KeptRuling, *, as_json: bool) -> int:
    if as_json:
        print_json(kept)
        return CLEAN
    if not kept.days:
        say("No recorded run has this; the ruling is kept all the same.")
    days = " and ".join(map(str, kept.days)) or "its day"
    click.echo(f"{kept.ruling_id} is kept. Run {days} again: what it settles closes then.")
    return CLEAN


def _tell_since(since: SinceSignOff, *, as_json: bool) -> int:
    if as_json:
        from qerko_recon.cli.recording import comparison_json

        print_json(
            {
                "sign_off": since.sign_off,
                "is_same": since.is_same,
                "runs": rows(since.runs),
                "appeared": rows(since.appeared),
                "closed": rows(since.closed),
                "changed": rows(since.changed),
                "compared": since.compared and comparison_json(since.compared),
            }
        )
    else:
        click.echo(repr(since))
    return CLEAN if since.is_same else BREAKS
