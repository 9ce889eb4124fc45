"""Octets and access rules as a profile engineer writes them in a description."""

import re

from .schema import PackageError, tlv

# --- octets ---------------------------------------------------------------------------------------------------------


def digits(text):
    if not re.fullmatch(r"[0-9]+", text):
        raise PackageError(f"{text!r} is not a string of digits")
    return text


def luhn(text):
    """The digits with their Luhn check digit behind them (ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits(text))):
        double = int(digit) * (2 if place % 2 == 0 else 1)
        total += double // 10 + double % 10
    return text + str(-total % 10)


def swapped(text):
    """BCD, first digit in the low nibble, F to fill."""
    text += "F" * (len(text) % 2)
    return bytes.fromhex("".join(text[i + 1] + text[i] for i in range(0, len(text), 2)))


def imsi(text):
    """EF.IMSI (TS 31.102 4.2.2): length, then parity and type in the first nibble, F to fill up nine octets."""
    coded = swapped(("9" if len(digits(text)) % 2 else "1") + text)
    return (bytes([len(coded)]) + coded).ljust(9, b"\xff")


def plmn(mcc, mnc):
    """A PLMN identity (TS 24.008 10.5.1.3)."""
    third = mnc[2] if len(digits(mnc)) == 3 else "F"
    return bytes.fromhex(digits(mcc)[1] + mcc[0] + third + mcc[2] + mnc[1] + mnc[0])


def services(size, *numbers):
    """A service table (EF.UST, EF.IST): service n is bit n of the table, b1 of the first octet first."""
    bits = 0
    for number in map(int, numbers):
        bits |= 1 << (number - 1)
    return bits.to_bytes(int(size), "little")


def network_name(text):
    """Value of a network name TLV (TS 24.008 10.5.3.5a): GSM 7-bit default alphabet, packed."""
    bits = sum(ord(letter) << 7 * place for place, letter in enumerate(text))
    size = (7 * len(text) + 7) // 8
    return bytes([0x80 | 8 * size - 7 * len(text)]) + bits.to_bytes(size, "little")


# These take their arguments as text; tlv, which takes octets, is in evaluate.
FUNCTIONS = {
    "luhn": lambda text: bytes.fromhex(luhn(text)),
    "bcd": swapped,
    "bcdluhn": lambda text: swapped(luhn(text)),
    "imsi": imsi,
    "plmn": plmn,
    "services": services,
    "name": network_name,
}

TOKEN = re.compile(r'\s*(?:"([^"]*)"|([A-Za-z]\w*)\(|([0-9A-Fa-f]+)\*(\d+)|((?:[0-9A-Fa-f]{2})+)|([+)\s]))')


def expression(text):
    """The octets of an expression: hex, "text", XX*n, tlv(tag, ...), functions; one after the other."""
    return evaluate(text, 0, "")[0]


def evaluate(text, at, closing):
    octets = b""
    while at < len(text):
        match = TOKEN.match(text, at)
        if text[at:].strip() == "" or not match:
            break
        quoted, function, repeated, times, plain, mark = match.groups()
        at = match.end()
        if quoted is not None:
            octets += quoted.encode("ascii")
        elif function == "tlv":
            tag, _, _ = text[at:].partition(",")
            inner, at = evaluate(text, at + len(tag) + 1, ")")
            octets += tlv(bytes.fromhex(tag), inner)
        elif function in FUNCTIONS:
            end = text.find(")", at)
            if end < 0:
                raise PackageError(f"{function}( is not closed")
            arguments = [argument.strip().strip('"') for argument in text[at:end].split(",")]
            octets, at = octets + FUNCTIONS[function](*arguments), end + 1
        elif function:
            raise PackageError(f"there is no function {function} (there are: tlv, {', '.join(FUNCTIONS)})")
        elif repeated:
            octets += bytes.fromhex(repeated) * int(times)
        elif plain:
            octets += bytes.fromhex(plain)
        elif mark == ")":
            if closing:
                return octets, at
            break
    if closing or text[at:].strip():
        raise PackageError(f"not understood: {text[at:].strip() or 'the end, ) is missing'!r}")
    return octets, at


# --- access rules (TS 102 221 9.2, records of EF.ARR) ---------------------------------------------------------------

ACCESS_MODES = {
    "read": 0x01, "update": 0x02, "deactivate": 0x08, "activate": 0x10, "terminate": 0x20, "delete": 0x40,
    "delete-child": 0x01, "create-ef": 0x02, "create-df": 0x04,
}  # fmt: skip
COMMANDS = {"increase": 0x32, "resize": 0xD4}
KEY_REFERENCES = {"PIN1": 0x01, "PIN2": 0x81, "ADM1": 0x0A}


def access_rule(text):
    """A record of EF.ARR from words such as read=always update,resize=ADM1."""
    record = b""
    for word in text.split():
        modes, _, condition = word.partition("=")
        if condition in KEY_REFERENCES:
            key = tlv(b"\x83", bytes([KEY_REFERENCES[condition]])) + tlv(b"\x95", b"\x08")
            condition = tlv(b"\xa4", key)
        elif condition in ("always", "never"):
            condition = bytes.fromhex("9000" if condition == "always" else "9700")
        else:
            raise PackageError(f"{word}: the condition is always, never or one of {', '.join(KEY_REFERENCES)}")
        mode, commands = 0, b""
        for name in modes.split(","):
            if name in COMMANDS:
                commands += tlv(b"\x84", bytes([COMMANDS[name]])) + condition
            elif name in ACCESS_MODES:
                mode |= ACCESS_MODES[name]
            else:
                raise PackageError(f"{word}: there is no access mode {name}")
        record += (tlv(b"\x80", bytes([mode])) + condition if mode else b"") + commands
    return record
