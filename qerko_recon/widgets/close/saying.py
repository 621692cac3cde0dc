"""How a close is told: its snapshot in, a line of how far it is out."""

from __future__ import annotations

from typing import Final

from qerko_recon.closing import CloseSnapshot, GatheredIds
from qerko_recon.fetch import Progress
from qerko_recon.widgets.parts.speaking import Words
from qerko_recon.wording import Catalog, format_number

__all__ = ["WORDS", "gathered_of", "progress_of", "stage_of"]

WORDS: Final = Catalog("qerko_recon.widgets.close")

_MINUTE: Final = 60


def stage_of(snapshot: CloseSnapshot, words: Words) -> str:
    """Say what is being done, or what came of it."""
    return words(f"stage.{snapshot.stage}")


def progress_of(progress: Progress, words: Words) -> str:
    """Say how far a fetch is: how many of how many, how fast, how long to go, what failed."""
    language = words.language
    total = None if progress.total is None else format_number(progress.total, language)
    remaining = progress.remaining
    left = None
    if remaining is not None and progress.done != progress.total:
        left = words(
            "progress.minutes" if remaining >= _MINUTE else "progress.seconds",
            n=format_number(
                round(remaining / _MINUTE if remaining >= _MINUTE else remaining), language
            ),
        )
    return words(
        "progress.said",
        done=format_number(progress.done, language),
        total=total,
        rate=format_number(round(progress.rate), language) if progress.rate >= 1 else None,
        left=left,
        held=format_number(progress.held, language) if progress.held else None,
        failed=format_number(progress.failed, language) if progress.failed else None,
        pause=progress.pause,
    )


def gathered_of(gathered: GatheredIds, words: Words) -> str:
    """Say where the payment IDs came from."""
    language = words.language
    return words(
        "gathered",
        ids=words.count("ids_count", len(gathered.ids)),
        export=format_number(gathered.from_export, language),
        log=format_number(gathered.from_log, language) if gathered.from_log else None,
        lists=format_number(gathered.from_lists, language) if gathered.from_lists else None,
    )
