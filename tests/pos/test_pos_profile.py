"""Profiles: declared in TOML, frozen, and clear about what they do not know."""

from __future__ import annotations

import dataclasses

import pytest

from qerko_recon.errors import ConfigError
from qerko_recon.pos import Profile, read_pos

FULL = Profile(
    name='Till "north"',
    encoding="cp1250",
    delimiter="\t",
    decimal_mark=",",
    date_order="dmy",
    time_formats=("%d%m%y %H%M",),
    header_row=3,
    sheets=("Den *",),
    row_is="item",
    left_out=("Transfer", "Void"),
    columns={
        "payment_id": "Transakce",
        "tip": None,
        "amount": "Částka \\ [Kč]",
        "bill_id": ("Účet", "Doklad", ""),
    },
    tip_layout="inside",
    qerko_tenders=("Mobil", "901000001"),
    tenders={"KP": "cash", "7": "qerko"},
    states={"Rozdělený": "open"},
    currency="CZK",
    join={"file": "bills.csv", "on": ("Účet", "Směna")},
    attested=True,
    note="two\nlines",
)


def test_written_profile_reads_back_equal(tmp_path):
    assert Profile.read(FULL.write(tmp_path / "till.toml")) == FULL
    assert Profile.read(Profile(name="x").write(tmp_path / "x.toml")) == Profile(name="x")


def test_profile_takes_its_files_name(tmp_path):
    path = tmp_path / "corner.toml"
    path.write_text("", encoding="utf-8")
    assert Profile.read(path).name == "corner"


def test_profile_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.name = "x"
    with pytest.raises(TypeError):
        FULL.columns["tip"] = "Dýško"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('delimeter = ";"', "did you mean 'delimiter'?"),
        ('[columns]\nammount = "x"', "did you mean 'amount'?"),
        ("delimiter = ';;'", "delimiter is one character"),
        ("header_row = 0", "header_row is a line number from 1"),
        ('decimal_mark = "·"', "decimal_mark cannot be '·'; give one of ,, ."),
        ('currency = "Kč"', "currency is a code such as CZK"),
        ('qerko_tenders = "Qerko"', "qerko_tenders is a list of texts"),
        ('columns = "x"', "columns is a table of words"),
        ('attested = "yes"', "attested is true or false"),
        ("encoding = 8", "encoding is text"),
        ('[states]\nx = "done"', "cannot mean 'done'; give one of paid"),
        ("[columns]\ntip = 3", "the profile's column tip is a header"),
        ("[columns]\ntip = ['a', 3]", "the profile's column tip is a header or a list"),
        ("row_is = 'month'", "row_is cannot be 'month'; give one of payment, item, day"),
        ("left_out = 'Void'", "left_out is a list of texts"),
        ("[tenders]\nx = 'coins'", "tender 'x' cannot mean 'coins'; give one of qerko, cash"),
        ("[join]\nfile = 'a.csv'", "join has the name of a file or sheet and a list of columns"),
        ("[join]\nfile = 'a.csv'\non = 'B'", "join has the name of a file or sheet"),
        ("[join]\nfile = 'a.csv'\non = ['B', 1]", "join has the name of a file or sheet"),
        ("[join]\nfile = ''\non = ['B']", "join has the name of a file or sheet"),
        ("based_on = 'dativary'", "did you mean 'dativery'"),
        ("based_on = 1", "based_on is a profile's name"),
        ("a = ", "is no TOML"),
    ],
)
def test_what_a_profile_does_not_know(tmp_path, text, says):
    path = tmp_path / "till.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        Profile.read(path)
    assert says in str(caught.value)
    assert "till.toml" in str(caught.value)


def test_profile_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"till\.toml cannot be read"):
        Profile.read(tmp_path / "till.toml")


def test_profiles_that_come_along_say_what_backs_them():
    for name in Profile.names():
        profile = Profile.named(name)
        assert profile.note
        assert profile.attested == ("guess" not in profile.note.lower())
    with pytest.raises(ConfigError, match="did you mean 'dativery'"):
        Profile.named("dativary")


def test_statement_of_the_integrator(desk):
    text = 'paymentAmount;id;variableSymbol;paymentDate\n"1234.50";A-1;77;2026-11-20\n'
    pos = desk.read(text, "dativery")
    assert str(pos.tenders["amount"][0]) == "1234.500000"
    assert list(pos.tenders["tender_id"]) == ["A-1"]
    assert pos.tenders["paid_at"][0].isoformat() == "2026-11-20T11:00:00+00:00"
    assert all(
        one.confidence == "stated" for one in pos.sniffed.findings if one.setting == "amount"
    )


def test_list_of_bills_by_its_guessed_profile(desk):
    text = (
        "Číslo účtu,Vytvořeno,Konečná cena,Sleva,Stůl,Obsluhoval,Typ platby,Typ\n"
        'T1-0001,20.11.2026 21:33,"1 234,50 Kč","0,00 Kč",5,Jana,Qerko,Účtenka\n'
        'T1-0002,20.11.2026 21:35,"99,00 Kč","0,00 Kč",6,Jana,Hotově,Účtenka\n'
    )
    for profile in (None, "storyous-cs"):
        pos = desk.read(text, profile)
        assert list(pos.tenders["bill_id"]) == ["T1-0001"]
        assert list(pos.tenders["currency"]) == ["CZK"]
        assert str(pos.tenders["total"][0]) == "1234.500000"
        assert len(pos.others) == 1


def test_profile_leaves_out_a_column_the_header_suggests(desk):
    text = "Účet;ID platby;Částka;Dýško\nB1;1;5,00;1,00\n"
    pos = desk.read(text, Profile(columns={"tip": None}))
    assert pos.tenders["tip"].isna().all()
    assert pos.profile.columns["tip"] is None


def test_profile_is_completed_by_what_was_found(desk, tmp_path):
    path = desk.write("x\nÚčet;ID platby;Částka\nB1;1;5,00\n", encoding="cp1250")
    pos = read_pos(path, Profile(name="corner"))
    assert (pos.profile.name, pos.profile.encoding, pos.profile.delimiter) == (
        "corner",
        "cp1250",
        ";",
    )
    assert pos.profile.columns["amount"] == "Částka"
    assert pos.profile.header_row is None
    assert Profile.read(pos.profile.write(tmp_path / "p.toml")) == pos.profile
