"""What a choice between readings leaves open: a choice in, remarks out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qerko_recon.recon.choice import FEW, Choice
from qerko_recon.recon.remark import Fact, Remark

__all__ = ["doubts", "in_words"]

Settings = Mapping[str, str | bool]


def doubts(about: str, candidates: Sequence[Settings], choice: Choice) -> Iterator[Remark]:
    """Warn where no candidate fits, where another fits as well, and of what is set aside.

    Parameters
    ----------
    about
        ``arithmetic`` or ``tips``.
    candidates
        The settings of each, the default first.
    choice
        Which was taken and what each explains.
    """
    misfit = _misfit(about, candidates, choice)
    rival = None if misfit else _rival(choice)
    if misfit:
        yield misfit
    elif rival is not None:
        yield _undecided(candidates, choice, rival)
    if choice.chosen and candidates[choice.chosen].get("tip_basis") == "none":
        yield Remark("no_tips_in_pos", {"without": choice.fits, "of": choice.differing})


def in_words(value: object) -> str:
    """Write a setting's value: ``yes`` and ``no`` for what is true or not.

    >>> in_words(True), in_words("net")
    ('yes', 'net')
    """
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _misfit(about: str, candidates: Sequence[Settings], choice: Choice) -> Remark | None:
    """Warn where not even half of the payments are explained, or of those that tell."""
    places = range(len(candidates))
    best = max(places, key=lambda place: (choice.explains[place], -place))
    explains, telling = choice.explains[best], choice.explains_of_differing(best)
    if not (_is_poor(explains, choice.of) or _is_poor(telling, choice.differing)):
        return None
    facts: dict[str, Fact] = {
        "best": _named(candidates[best]),
        "explains": explains,
        "of": choice.of,
        "telling": telling,
        "differing": choice.differing,
    }
    return Remark(f"{about}_unclear", facts)


def _is_poor(explains: int, of: int) -> bool:
    return of >= FEW and 2 * explains < of


def _rival(choice: Choice) -> int | None:
    """Find another candidate that explains as much and would give other figures."""
    rivals = [
        place
        for place, tally in enumerate(choice.tallies)
        if tally.differs
        and choice.explains[place] >= choice.explains[choice.chosen]
        and choice.explains_of_differing(place)
    ]
    return max(rivals, key=lambda place: (choice.explains[place], -place), default=None)


def _undecided(candidates: Sequence[Settings], choice: Choice, rival: int) -> Remark:
    own, other = candidates[choice.chosen], candidates[rival]
    apart = [name for name in own if own[name] != other[name]]
    taken = _named({name: own[name] for name in apart})
    explains, more = choice.explains[choice.chosen], choice.explains[rival]
    facts: dict[str, Fact] = {
        "taken": taken,
        "rather": _named({name: other[name] for name in apart}),
        "default": None if choice.chosen else taken,
        "explains": explains,
        "of": choice.of,
        "settings": ", ".join(apart),
    }
    if more == explains:
        return Remark("readings_alike", facts)
    return Remark("reading_unsure", facts | {"more": more})


def _named(settings: Settings) -> str:
    return ", ".join(f"{name} {in_words(value)}" for name, value in settings.items())
