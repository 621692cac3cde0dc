"""A person's own profiles of POS exports: a folder of TOML files in, the one that fits out."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.pos import Profile
from qerko_recon.pos.words import plain

__all__ = ["OwnProfiles"]

VARIABLE: Final = "QERKO_PROFILES"
_TELLING: Final = 2
_ODD: Final = re.compile(r"[^\w.-]+")
_LONGEST: Final = 80


class OwnProfiles:
    """Profiles that a person keeps, so that tomorrow's export is read as today's was corrected.

    Parameters
    ----------
    folder
        Where they are; else the folder that ``QERKO_PROFILES`` names, else ``profiles`` in this
        user's settings folder.

    Examples
    --------
    >>> import tempfile
    >>> own = OwnProfiles(tempfile.mkdtemp())
    >>> _ = own.save(Profile(columns={"amount": "Zaplaceno", "bill_id": "Doklad"}), "Hlavní kasa")
    >>> own.names(), own.fitting(["Datum", "Doklad", "Zaplaceno"])
    (('Hlavní_kasa',), ('Hlavní_kasa',))
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        given = folder or os.environ.get(VARIABLE)
        self.folder = Path(given) if given else _default_folder()

    def names(self) -> tuple[str, ...]:
        """List them."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.toml")))

    def get(self, name: str) -> Profile:
        """Give one by its name: one's own, else one that comes with the package.

        Raises
        ------
        ConfigError
            There is none of that name, or its file is malformed.
        """
        if name in self.names():
            return Profile.read(self.folder / f"{name}.toml")
        return Profile.named(name)

    def save(self, profile: Profile, name: str, *, replaces: bool = False) -> Path:
        """Keep a profile under a name.

        Parameters
        ----------
        profile
            What is kept; what it leaves open is found out from each file, as before.
        name
            For people; letters, digits, ``_``, ``.`` and ``-`` of it are the file's name.
        replaces
            Whether one of that name may be replaced.

        Raises
        ------
        ConfigError
            The name is none for a file, one is there already, or the folder cannot be written.
        """
        stem = _stem(name)
        path = self.folder / f"{stem}.toml"
        if path.exists() and not replaces:
            raise ConfigError(
                f"there is a profile {stem!r} already ({path}); choose another name, or say that "
                "it is to be replaced"
            )
        kept = replace(profile, name=name.strip(), attested=False, note="")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return kept.write(path)
        except OSError as error:
            raise ConfigError(
                f"the profile {path} cannot be written ({error.strerror or error}); "
                f"name another folder by {VARIABLE}"
            ) from error

    def fitting(self, header: Sequence[str]) -> tuple[str, ...]:
        """Name those whose columns a header has, the one that names most columns first.

        A profile whose file is malformed fits nothing; :meth:`get` says what is wrong with it.
        """
        held = set(map(plain, header))
        found = []
        for name in self.names():
            try:
                profile = self.get(name)
            except ConfigError:
                continue
            wanted = _wanted(profile)
            if len(wanted) >= _TELLING and wanted <= held:
                found.append((-len(wanted), name))
        return tuple(name for _, name in sorted(found))


def _wanted(profile: Profile) -> set[str]:
    """Give the headers that a profile cannot do without."""
    ideas = (idea for idea in profile.columns if not profile.leaves_open(idea))
    headers = (header for idea in ideas for header in profile.headers_of(idea)[:1])
    return {plain(part) for header in headers for part in header.split(" + ")}


def _stem(name: str) -> str:
    stem = _ODD.sub("_", name.strip()).strip("._-")
    if not stem or len(stem) > _LONGEST:
        raise ConfigError(
            f"{shorten(name)!r} cannot be a profile's name; give a short one with a letter or a "
            "digit in it"
        )
    return stem


def _default_folder() -> Path:
    from platformdirs import user_config_path

    return user_config_path("qerko-recon", appauthor=False) / "profiles"
