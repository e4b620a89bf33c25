"""Signatures of OAuth 1.0 are those that RFC 5849 publishes."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.oauth1 import Keys, base_string, encode, parameters, signature, signed

PRINTER = {"key": "dpf43f3p2l4k3l03", "secret": "kd94hf93k423kf44", "method": "HMAC-SHA1"}
PLAIN = Keys("ck_1", "cs_1")


@pytest.mark.parametrize(
    ("call", "token", "more", "wanted"),
    [
        (
            "POST https://photos.example.net/initiate",
            ("", ""),
            {"timestamp": "137131200", "nonce": "wIjqoS", "callback": "http://printer.example.com/ready"},
            "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
        ),
        (
            "POST https://photos.example.net/token",
            ("hh5s93j4hdidpola", "hdhd0244k9j7ao03"),
            {"timestamp": "137131201", "nonce": "walatlh", "verifier": "hfdp7dh39dks9884"},
            "gKgrFCywp7rO0OXSjdot/IHF7IU=",
        ),
        (
            "GET http://photos.example.net/photos?file=vacation.jpg&size=original",
            ("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00"),
            {"timestamp": "137131202", "nonce": "chapoH"},
            "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
        ),
    ],
)
def test_the_examples_of_section_1_2(call: str, token: tuple[str, str], more: dict[str, str], wanted: str) -> None:
    method, url = call.split()
    keys = Keys(**PRINTER, token=token[0], token_secret=token[1])
    ours = {**parameters(keys), **{f"oauth_{name}": value for name, value in more.items()}}
    base = base_string(method, url, [*parse_qsl(urlsplit(url).query), *ours.items()])
    assert signature(keys, base) == wanted


def test_the_base_string_of_section_3_4_1_and_its_signature_as_erratum_2550_has_it() -> None:
    keys = Keys("9djdj82h48djs9d2", "j49sk3j29djd", "kkk9d7dh3k39sjv7", "dh893hdasih9", "HMAC-SHA1")
    url, body = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", "c2&a3=2+q"
    params = [pair for text in (urlsplit(url).query, body) for pair in parse_qsl(text, keep_blank_values=True)]
    ours = {**parameters(keys), "oauth_timestamp": "137131201", "oauth_nonce": "7d8f3e4a"}
    base = base_string("post", url, [*params, *ours.items()])
    assert base == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3D"
        "HMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )
    assert signature(keys, base) == "r6/TJjbCOr97/+UU0NsvSne7s5g="


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("http://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X"),
        ("HTTPS://example.com:443", "https://example.com/"),
        ("http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
    ],
)
def test_where_a_call_goes_is_spelled_as_section_3_4_1_2_has_it(url: str, where: str) -> None:
    assert base_string("GET", url, ()) == f"GET&{encode(where)}&"


def test_what_is_encoded() -> None:
    assert encode("aZ09-._~ +%&=/ü☃") == "aZ09-._~%20%2B%25%26%3D%2F%C3%BC%E2%98%83"


def test_a_signed_address_keeps_its_own_parameters_and_proves_them() -> None:
    url = signed(PLAIN, "GET", "http://shop.lan/orders?per_page=10&search=a+b%26c&empty=", 1_790_000_000.9)
    told = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    given = told.pop("oauth_signature")
    assert (told["search"], told["empty"], told["oauth_timestamp"]) == ("a b&c", "", "1790000000")
    assert told["oauth_signature_method"] == "HMAC-SHA256" and "oauth_token" not in told
    assert given == signature(PLAIN, base_string("GET", "http://shop.lan/orders", told.items()))
    assert given != signature(PLAIN, base_string("PUT", "http://shop.lan/orders", told.items()))


def test_a_nonce_is_used_once_and_secrets_are_not_shown() -> None:
    assert len({signed(PLAIN, "GET", "http://shop.lan/", 0.0) for _ in range(50)}) == 50
    assert "cs_1" not in repr(PLAIN) + signed(PLAIN, "GET", "http://shop.lan/", 0.0)
