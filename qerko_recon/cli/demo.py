"""Commands that need neither key nor network: a day of trade to look at, a Qerko in a box."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from qerko_recon.cli.group import BREAKS, CLEAN, cli
from qerko_recon.cli.options import language_option
from qerko_recon.cli.show import on_terminal, print_result, say

__all__ = ["demo", "simulate"]


@cli.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("qerko-recon-demo"),
    show_default=True,
    help="Where to leave the files.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed is another day.")
@language_option
def demo(folder: Path, seed: int, language: str) -> int:
    """Reconcile a simulated day of trade, without key or network.

    Example: qerko-recon demo --language cs
    """
    from rich.console import Console

    from qerko_recon.demo import run_demo
    from qerko_recon.report.labels import LABELS
    from qerko_recon.report.text import print_text

    say(LABELS.say("report.demo.began", language))
    outcome = run_demo(folder, seed=seed, language=language, progress=on_terminal())
    print_result(outcome.result, language)
    click.echo("\n" + LABELS.say("report.demo.folder", language, {"folder": folder}))
    for file in outcome.files:
        click.echo(f"  {file.name}")
    if not outcome.missed and not outcome.invented:
        planted = {"planted": len(outcome.day.discrepancies)}
        click.echo()
        print_text(Console(highlight=False), LABELS.say("report.demo.found", language, planted))
        return CLEAN
    for finding in outcome.missed:
        click.echo(f"Planted and not found: {finding}")
    for finding in outcome.invented:
        click.echo(f"Found and not planted: {finding}")
    return BREAKS


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address.")
@click.option("--port", default=8765, show_default=True, help="Port; 0 takes a free one.")
@click.option("--seed", default=1, show_default=True, help="Another seed is another day.")
@click.option("--payments", default=420, show_default=True, help="How many payments.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the day's IDs and POS exports here.",
)
def simulate(host: str, port: int, seed: int, payments: int, folder: Path | None) -> int:
    """Run a Qerko in a box until Ctrl-C.

    Example: qerko-recon simulate --folder day
    """
    from qerko_recon.simulator import STYLES, Simulator, TradingDay

    day = TradingDay.generate(seed=seed, payments=payments)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        ids = "".join(f"{one}\n" for one in day.payment_ids)
        (folder / "payment_ids.txt").write_text(ids, encoding="utf-8")
        for style in STYLES:
            day.write_pos_export(folder / f"{style}.csv", style)
        click.echo(f"In {folder}: payment_ids.txt, {', '.join(f'{one}.csv' for one in STYLES)}")
    simulator = Simulator(day, host=host, port=port)
    # Ctrl-C may come before the simulator waits for it.
    with suppress(KeyboardInterrupt), simulator:
        click.echo(f"Simulator at {simulator.base_url}; stop it with Ctrl-C. In another shell:\n")
        setting = "$env:{} = '{}'" if os.name == "nt" else "export {}='{}'"
        for name, value in simulator.environment.items():
            click.echo("  " + setting.format(name, value))
        sys.stdout.flush()
        simulator.serve_forever()
    return CLEAN
