"""Settings: where they are looked for, what they may be, and what is said when they are wrong."""

from __future__ import annotations

import copy
import hashlib
import pickle
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qerko_recon.api import ApiClient
from qerko_recon.errors import ConfigError
from qerko_recon.keys import ApiKey
from qerko_recon.settings import SANDBOX, Venue

KEY = "eeeu-g786-zp54-3v1c-db02-e4e1"
SECOND_KEY = "wzgd-lbq6-gp6y-xwef-7qrz-4757"
POS_ID = "0b5f1b8e-6a3c-4d43-9f1e-6b1f6d1f5c55"
TWO = f"""
time_zone = "Europe/Bratislava"
business_day_cutoff = 05:30:00

[venues.old-town]
api_key = "{KEY}"
pos_id = "{POS_ID}"
business_day_cutoff = "06:00"

[venues.airport]
api_key = "{SECOND_KEY}"
pos_id = "other"
base_url = "https://qerko.example"
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(text, name="qerko.toml"):
    Path(name).write_text(text, encoding="utf-8")
    return Path(name)


def venue(**changes):
    return Venue(**({"api_key": ApiKey(KEY), "pos_id": POS_ID} | changes))


# Keys


@pytest.mark.parametrize("key", [KEY, SECOND_KEY])
def test_the_sample_keys_of_the_documentation_are_well_formed(key):
    assert ApiKey(key).is_well_formed
    assert ApiKey(key).has_valid_checksum


def test_the_placeholder_of_the_documentation_is_taken_all_the_same():
    key = ApiKey("abcd-efgh-ijkl-mnop-qrst")
    assert key.reveal() == "abcd-efgh-ijkl-mnop-qrst"
    assert not key.is_well_formed
    assert not ApiKey(KEY[:-1] + "2").has_valid_checksum


@given(st.from_regex(r"([0-9a-z]{4}-){5}", fullmatch=True), st.integers(0, 23))
def test_the_checksum_notices_a_typing_error(body, place):
    key = body + hashlib.sha1(body.encode()).hexdigest()[:4]
    assert ApiKey(key).has_valid_checksum
    if body[place] != "-":
        wrong = key[:place] + ("x" if body[place] != "x" else "y") + key[place + 1 :]
        expected = hashlib.sha1(wrong[:25].encode()).hexdigest()[:4] == wrong[25:]
        assert ApiKey(wrong).has_valid_checksum is expected


def test_a_key_shows_itself_nowhere():
    key = ApiKey(KEY)
    for text in (str(key), repr(key), f"{key:>60}", f"{key!r}", "%s" % key, repr(venue())):  # noqa: UP031
        assert not any(group in text for group in KEY.split("-"))
    assert len(key.fingerprint) == 6
    assert key.fingerprint != ApiKey(SECOND_KEY).fingerprint
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_is_not_pickled(copied):
    for one in (ApiKey(KEY), venue()):
        if copied is copy.copy and isinstance(one, Venue):
            continue  # shares the key
        with pytest.raises(TypeError, match="cannot be pickled"):
            copied(one)


def test_keys_compare_by_what_they_are():
    assert ApiKey(KEY) == ApiKey(f" {KEY} ")
    assert ApiKey(KEY) != ApiKey(SECOND_KEY)
    assert ApiKey(KEY) != KEY
    assert len({ApiKey(KEY), ApiKey(KEY), ApiKey(SECOND_KEY)}) == 2


@pytest.mark.parametrize(
    "key", ["", "  ", "a b", "a\nb", "a\r\nX-Evil: 1", "řeřicha", "a\x00b", "a\x7fb", None, 12]
)
def test_what_no_header_can_carry_is_no_key(key):
    with pytest.raises(ConfigError, match="the API key"):
        ApiKey(key)


# Where settings come from


def test_the_environment_alone():
    found = Venue.load(environ={"QERKO_API_KEY": KEY, "QERKO_POS_ID": POS_ID})
    assert (found.base_url, found.api_version) == (SANDBOX, "v2")
    assert (found.time_zone, found.business_day_cutoff) == ("Europe/Prague", time(4))
    assert found.api_key == ApiKey(KEY)
    assert found.sources["api_key"] == "environment variable QERKO_API_KEY"
    assert found.sources["base_url"] == "default"
    assert found.name is None
    assert not found.is_loopback


def test_a_venue_of_the_file_stands_on_the_file_s_own_settings():
    file = write(TWO)
    old_town = Venue.load("old-town", environ={})
    assert old_town.name == "old-town"
    assert (old_town.time_zone, old_town.business_day_cutoff) == ("Europe/Bratislava", time(6))
    airport = Venue.load("airport", config=file, environ={})
    assert (airport.base_url, airport.business_day_cutoff) == (
        "https://qerko.example",
        time(5, 30),
    )
    assert str(file) in airport.sources["base_url"]


def test_the_environment_stands_over_the_file_and_arguments_over_both():
    write(TWO)
    environ = {"QERKO_TIME_ZONE": "Europe/Berlin", "QERKO_VENUE": "airport", "QERKO_POS_ID": ""}
    found = Venue.load(environ=environ)
    assert (found.name, found.time_zone, found.pos_id) == ("airport", "Europe/Berlin", "other")
    stated = Venue.load("old-town", environ=environ, time_zone="Europe/Vienna")
    assert (stated.name, stated.time_zone) == ("old-town", "Europe/Vienna")
    assert stated.sources["time_zone"] == "stated"


def test_the_file_may_be_named_by_the_environment():
    write(TWO, "elsewhere.toml")
    found = Venue.load("airport", environ={"QERKO_CONFIG": "elsewhere.toml"})
    assert found.pos_id == "other"


def test_one_venue_needs_no_name_and_windows_may_add_a_mark():
    one = TWO.partition("[venues.airport]")[0]
    Path("qerko.toml").write_bytes(b"\xef\xbb\xbf" + one.encode())
    assert Venue.load(environ={}).name == "old-town"


def test_full_arguments_look_at_nothing_else(monkeypatch):
    write("this is = = not TOML")
    monkeypatch.setenv("QERKO_VENUE", "nowhere")
    monkeypatch.setenv("QERKO_API_VERSION", "v9")
    with ApiClient(api_key=KEY, pos_id=POS_ID, base_url="http://127.0.0.1:1") as client:
        assert client.venue.api_version == "v2"
        assert client.venue.sources["api_key"] == "stated"


def test_some_arguments_stand_over_what_is_found(monkeypatch):
    monkeypatch.setenv("QERKO_API_KEY", KEY)
    monkeypatch.setenv("QERKO_POS_ID", POS_ID)
    monkeypatch.setenv("QERKO_API_VERSION", "v3")
    with ApiClient(base_url="http://127.0.0.1:1", api_version=None) as client:
        assert client.venue.api_key == ApiKey(KEY)
        assert (client.venue.base_url, client.venue.api_version) == ("http://127.0.0.1:1", "v3")


def test_a_venue_with_other_settings():
    first = venue(name="old-town")
    assert first.replaced() is first
    second = first.replaced(api_key=SECOND_KEY, base_url=None)
    assert (second.api_key, second.name) == (ApiKey(SECOND_KEY), "old-town")
    assert second.sources == {"api_key": "stated"}


def test_another_venue_takes_settings_as_text_too():
    later = venue().replaced(business_day_cutoff="05:30", api_version="v3")
    assert (later.business_day_cutoff, later.api_version) == (time(5, 30), "v3")
    assert venue(business_day_cutoff="05:30").business_day_cutoff == time(5, 30)
    environ = {"QERKO_API_KEY": KEY, "QERKO_POS_ID": POS_ID}
    stated = Venue.load(environ=environ, business_day_cutoff=time(5, 30), time_zone=" ")
    assert stated.business_day_cutoff == time(5, 30)
    assert stated.time_zone == "Europe/Prague", "blank is not stated"
    assert stated.sources["business_day_cutoff"] == "stated"


def test_a_venue_does_not_change_and_its_key_may_come_as_text():
    one = Venue(api_key=KEY, pos_id=POS_ID)
    assert one == venue()
    assert hash(one.api_key) == hash(venue().api_key)
    with pytest.raises(AttributeError):
        one.base_url = "https://qerko.example"
    with pytest.raises(TypeError):
        Venue(KEY, POS_ID)


# What is said when they are wrong


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("timezone", r"unknown setting 'timezone' \(did you mean 'time_zone'\?\)"),
        ("cutoff", "unknown setting 'cutoff'.*known are .*business_day_cutoff"),
    ],
)
def test_what_is_stated_and_unknown_is_not_left_aside(setting, words):
    environ = {"QERKO_API_KEY": KEY, "QERKO_POS_ID": POS_ID}
    for act in (
        lambda: Venue.load(environ=environ, **{setting: "x"}),
        lambda: venue().replaced(**{setting: "x"}),
    ):
        with pytest.raises(ConfigError, match=words):
            act()


@pytest.mark.parametrize("setting", ["pos_id", "base_url", "api_version", "time_zone"])
@pytest.mark.parametrize("value", [2, ["v2"], b"v2"])
def test_a_setting_that_is_no_text_is_named(setting, value):
    environ = {"QERKO_API_KEY": KEY, "QERKO_POS_ID": POS_ID}
    for act in (
        lambda: venue(**{setting: value}),
        lambda: Venue.load(environ=environ, **{setting: value}),
        lambda: venue().replaced(**{setting: value}),
    ):
        with pytest.raises(ConfigError, match=f"{setting} is {type(value).__name__}; it is text"):
            act()


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, r"no API key.*QERKO_API_KEY.*qerko\.toml.*Restaurant Admin"),
        ({"QERKO_API_KEY": ""}, "no API key"),
        ({"QERKO_API_KEY": "   ", "QERKO_POS_ID": "x"}, "API key is empty"),
        ({"QERKO_API_KEY": KEY}, r"no Pos-Id.*QERKO_POS_ID.*sandbox takes any UUID"),
        ({"QERKO_POS_ID": POS_ID}, "no API key"),
    ],
)
def test_what_is_missing_and_where_it_was_looked_for(environ, words):
    with pytest.raises(ConfigError, match=words):
        Venue.load(environ=environ)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (TWO, None, r"old-town.*--venue"),
        (TWO, "oldtown", r"no venue 'oldtown' \(did you mean 'old-town'\?\)"),
        ("", "x", r"no venue 'x'.*none"),
        ('pos_ids = "x"', None, r"unknown setting 'pos_ids' \(did you mean 'pos_id'\?\)"),
        ('[venues.x]\nkey = "x"', None, "unknown setting 'key'"),
        ("pos_id = 12", None, "pos_id is text in quotes"),
        ("pos_id = abc", None, r"is not TOML.*line 1.*quotes"),
        ("venues = 3", None, r"\[venues\.old-town\]"),
    ],
)
def test_what_is_wrong_with_a_file(content, name, words):
    write(content)
    with pytest.raises(ConfigError, match=words):
        Venue.load(name, environ={})


def test_files_that_cannot_be_read():
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read"):
        Venue.load(config="nowhere.toml", environ={})
    Path("utf16.toml").write_bytes('pos_id = "é"'.encode("utf-16"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        Venue.load(config="utf16.toml", environ={})
    with pytest.raises(ConfigError, match="cannot be read"):
        Venue.load(config=".", environ={})
    with pytest.raises(ConfigError, match=r"no settings file.*\[venues\.x\]"):
        Venue.load("x", environ={})
    Path("deep.toml").write_text("a = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(ConfigError, match=r"deep\.toml"):
        Venue.load(config="deep.toml", environ={})


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("base_url", "", "no address"),
        ("base_url", "sandbox.qerko.com", "no address"),
        ("base_url", "ftp://qerko.example", "no address"),
        ("base_url", "https://", "no address"),
        ("base_url", "https://a b", "no address"),
        ("base_url", "https://x:0", "no address"),
        ("base_url", "https://x:99999", "no address"),
        ("base_url", "https://[::1", "no address"),
        ("base_url", "https://" + "a" * 70 + ".cz", "no address"),
        ("base_url", "https://qerko.example/api", "has a path"),
        ("base_url", "https://qerko.example/?q=1", "has a path"),
        ("base_url", "https://me:pw@qerko.example", "user name or password"),
        ("base_url", "http://qerko.example", "unencrypted"),
        ("base_url", "http://127.0.0.1.qerko.example", "unencrypted"),
        ("base_url", "http://localhost.qerko.example", "unencrypted"),
        ("api_version", "2", "v2"),
        ("api_version", "v2/../v3", "v2"),
        ("api_version", "v\u0662", "v2"),
        ("api_version", None, "api_version is NoneType"),
        ("pos_id", "", "Pos-Id is empty"),
        ("pos_id", "a\nb", "line break"),
        ("pos_id", "ř", "letter"),
        ("time_zone", "Europe/Pragu", r"did you mean 'Europe/Prague'\?"),
        ("time_zone", "Europe", "not known"),
        ("time_zone", "/etc/passwd", "not known"),
        ("time_zone", "../x", "not known"),
        ("business_day_cutoff", time.fromisoformat("04:00+02:00"), "without an offset"),
        ("business_day_cutoff", "late", "business_day_cutoff cannot be 'late'.*04:00"),
        ("business_day_cutoff", 4, "business_day_cutoff cannot be '4'"),
    ],
)
def test_a_setting_that_cannot_be(setting, value, words):
    with pytest.raises(ConfigError, match=words):
        venue(**{setting: value})


@pytest.mark.parametrize("text", ["late", "25:00", "04:00+02:00"])
def test_a_cut_off_that_cannot_be(text):
    environ = {"QERKO_API_KEY": KEY, "QERKO_POS_ID": "x", "QERKO_BUSINESS_DAY_CUTOFF": text}
    with pytest.raises(ConfigError, match="business_day_cutoff"):
        Venue.load(environ=environ)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8765",
        "http://127.0.0.1",
        "http://127.8.8.8:1",
        "http://[::1]:8080",
        "https://qerko.example:8443",
        "https://řízek.example",
    ],
)
def test_addresses_that_can_be(url):
    assert venue(base_url=url + "/").base_url == url


def test_a_pos_id_that_is_no_uuid_is_taken():
    assert venue().has_uuid_pos_id
    assert not venue(pos_id="any-word").has_uuid_pos_id
    assert POS_ID not in repr(venue())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://Sandbox.Qerko.com:443/", "https://sandbox.qerko.com"),
        ("HTTPS://sandbox.qerko.com:8443", "https://sandbox.qerko.com:8443"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_one_address_is_written_one_way(written, meant):
    assert Venue(api_key="k", pos_id="p", base_url=written).base_url == meant
