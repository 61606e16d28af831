"""Personal data and keys: found by patterns and check digits, masked by a placeholder of their kind.

It needs Python alone, and phonenumbers where phone numbers are looked for: packages carry this file.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence

from shipworthy.core.secrets import LOOKS

# Every kind matches at least one of these; texts without any are skipped.
HINT = r"@|\d|[A-Za-z0-9]{2}[_-]|A[KS]IA|AIza|BEGIN|Bearer|Authorization|://|eyJ|hooks\.slack|::"
_HINT = re.compile(HINT)
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\b")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
# Issuers and lengths: American Express, Diners, Visa, Mastercard, Discover and UnionPay (ISO/IEC 7812).
ISSUED = re.compile(r"3[47]\d{13}|3[068]\d{12}|4(?:\d{12}|\d{15})|(?:5[1-5]|2[2-7])\d{14}|6\d{15,18}")
CARD = re.compile(r"(?<![\d.,-])[2-6](?:[ -]?\d){12,18}(?![\d-]|[.,]\d)")
IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[A-Fa-f:]*\d)(?=[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{3,39})(?![\w:]|\.\d)"
)
KEY = re.compile("|".join(f"(?:{look})" for look in LOOKS.values()))


def mask(text: str, kinds: Sequence[str], region: str = "") -> tuple[str, dict[str, int]]:
    """The text with a placeholder for each thing found, and how many there were of each kind.

    Args:
        kinds: which are looked for, in this order: what one has masked is not seen by the next.
        region: two letters of a country whose national phone numbers count, or nothing.
    """
    found: dict[str, int] = {}
    if not _HINT.search(text):
        return text, found
    for kind in kinds:
        if kind == "phone":
            text, number = _phones(text, region)
        else:
            text, number = _replaced(text, *FINDERS[kind], placeholder=f"<{kind.upper()}>")
        if number:
            found[kind] = number
    return text, found


def _replaced(text: str, look: re.Pattern[str], valid: Callable[[str], int], placeholder: str) -> tuple[str, int]:
    """Puts the placeholder for the first `valid(match)` characters of each match."""
    number = 0

    def put(match: re.Match[str]) -> str:
        nonlocal number
        if not (length := valid(match[0])):
            return match[0]
        number += 1
        return placeholder + match[0][length:]

    return look.sub(put, text), number


def _phones(text: str, region: str) -> tuple[str, int]:
    """Numbers that are valid in their country, by Google's libphonenumber."""
    if sum(c.isdigit() for c in text) < 7 or not (region or "+" in text):
        return text, 0
    import phonenumbers

    places = [(m.start, m.end) for m in phonenumbers.PhoneNumberMatcher(text, region or None)]
    for start, end in reversed(places):
        text = f"{text[:start]}<PHONE>{text[end:]}"
    return text, len(places)


def card(number: str) -> int:
    """The length of a card number whose check digit is right (ISO/IEC 7812-1, annex B), else 0."""
    digits = [int(c) for c in number if c.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    issued = ISSUED.fullmatch("".join(map(str, digits)))
    return len(number) if issued and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0 else 0


def iban(number: str) -> int:
    """How many of the first characters are an account number with right check digits (ISO 13616, modulo 97)."""
    while number:
        plain = number.replace(" ", "")
        if 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1:
            return len(number)
        number = number.rpartition(" ")[0]  # a word in capitals may follow
    return 0


def _address(text: str) -> int:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return 0
    return len(text)


FINDERS: dict[str, tuple[re.Pattern[str], Callable[[str], int]]] = {
    "key": (KEY, len),
    "email": (EMAIL, len),
    "iban": (IBAN, iban),
    "card": (CARD, card),
    "ip": (IP, _address),
}
