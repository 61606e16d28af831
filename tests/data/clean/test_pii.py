"""Personal data and keys, each kind with what looks like it and is not."""

import polars as pl
import pytest

from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.pii import mask
from shipworthy.data.clean.schema import PII, Cleaning
from tests.data.clean.cleaned import rejected

KINDS = ["key", "email", "iban", "card", "ip", "phone"]
KEY = "hf_" + "aB3dE6gH9jK2mN5pQ8sT"  # in two parts, so that no scanner takes it for a real one


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Ask ann.b+c@mail.example.co.uk.", "Ask <EMAIL>."),
        (f"key={KEY}!", "key=<KEY>!"),
        ("postgres://ann:hunter22@db/x", "postgres://<KEY>@db/x"),
        ("IBAN DE89 3704 0044 0532 0130 00 TODAY", "IBAN <IBAN> TODAY"),
        ("GB82WEST12345698765432,", "<IBAN>,"),
        ("card 4111 1111 1111 1111 and 5500-0000-0000-0004", "card <CARD> and <CARD>"),
        ("from 192.168.0.254 to 2001:db8::1", "from <IP> to <IP>"),
        ("call +49 30 901820 now", "call <PHONE> now"),
        ("both +1 202-456-1111 and a@b.org", "both <PHONE> and <EMAIL>"),
    ],
)
def test_each_kind_is_found(text: str, masked: str) -> None:
    assert mask(text, KINDS)[0] == masked


@pytest.mark.parametrize(
    "text",
    [
        "user@localhost and @handle",
        "DE89 3704 0044 0532 0130 01 has wrong check digits",
        "4111 1111 1111 1112 too",
        "version 1.2.3 of 2026-11-26, 12:30:45",
        "999.1.1.1 and 1.2.3.4.5",
        "0.4111111111111111 is a share",
        "std::vector and a::b",
        "order 1234567890123 of 20261126",
        "a task-force of well-known people",
        "(202) 456-1111 is national",
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert mask(text, KINDS) == (text, {})


def test_national_numbers_with_their_region() -> None:
    assert mask("ring (202) 456-1111", KINDS, "US") == ("ring <PHONE>", {"phone": 1})


def test_actions_by_kind_and_counts() -> None:
    rows = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "t": ["x@y.org and z@y.org", "4111 1111 1111 1111", "10.0.0.1", None],
            "u": ["w@y.org", None, "nothing", "none"],
        }
    )
    cleaned = apply(Cleaning(pii=PII(card="reject", ip="keep")), rows.lazy(), ["t", "u"])
    assert rejected(cleaned) == {"b": ("personal data", "holds 1 of the kind card")}
    found = cleaned.rows.collect(engine="streaming")
    assert found["t"].to_list() == ["<EMAIL> and <EMAIL>", "<CARD>", "10.0.0.1", None]
    assert found["u"].to_list() == ["<EMAIL>", None, "nothing", "none"]
    counts = cleaned.rows.select(**cleaned.counts).collect().row(0, named=True)
    assert counts == {"pii: key": 0, "pii: email": 3, "pii: iban": 0, "pii: card": 1, "pii: phone": 0}
