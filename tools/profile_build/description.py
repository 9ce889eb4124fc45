"""The readable form of a package: printed by --dump, written by hand in vectors/profiles/*.profile.

One line is one member: its name, its value, and by deeper indentation what it holds. A SEQUENCE whose members are all
simple stands on one line, as name=value. The names are those of the ASN.1 module. `#` begins a comment.
Short forms (short names, records, access rules, functions) are read but not printed; the head of
vectors/profiles/veuicc-default.profile explains them to the profile engineer.
"""

import re

from .expressions import access_rule, expression
from .schema import (
    FCP, PROFILE_ELEMENT, PROPRIETARY_INFO, Choices, Int, Null, Octets, Oid, PackageError, Sequence, SequenceOf, Utf8,
    minimal,
)  # fmt: skip

# --- readable forms of octet strings --------------------------------------------------------------------------------

STRUCTURES = {"TR": 0x41, "LF": 0x42, "CY": 0x46, "BT": 0x79, "DF": 0x78}  # TS 102 221 table 11.5, all shareable


def descriptor(text):
    name, _, record = text.partition(":")
    octets = bytes([STRUCTURES[name], 0x21])
    return octets + int(record).to_bytes(2, "big") if record else octets


def descriptor_text(octets):
    name = next((name for name, code in STRUCTURES.items() if code == octets[0]), "?")
    return name if len(octets) == 2 else f"{name}:{int.from_bytes(octets[2:], 'big')}"


def rule_reference(text):
    file, _, record = text.rpartition("/")
    return bytes.fromhex(file) + bytes([int(record)])


# form -> (octets to text, text to octets); what the text cannot say stands as hex:...
FORMS = {
    "descriptor": (descriptor_text, descriptor),
    "rule": (lambda octets: f"{octets[:-1].hex().upper()}/{octets[-1]}", rule_reference),
    "size": (lambda octets: str(int.from_bytes(octets, "big")), lambda text: minimal(int(text))),
    "references": (
        lambda octets: ",".join(f"{octet:02X}" for octet in octets),
        lambda text: bytes.fromhex(text.replace(",", "")),
    ),
    "sfi": (
        lambda octets: f"{octets[0] >> 3:02X}" if octets else "none",
        lambda text: b"" if text == "none" else bytes([int(text, 16) << 3]),
    ),
}


def hex_text(octets):
    """Upper-case hex; a run of eight or more equal octets at the end as +XX*n."""
    if not octets:
        return "empty"
    run = len(octets) - len(octets.rstrip(octets[-1:]))
    if run < 8:
        return octets.hex().upper()
    return "+".join(filter(None, [octets[:-run].hex().upper(), f"{octets[-1]:02X}*{run}"]))


def octets_text(form, octets):
    if form in FORMS:
        try:
            to_text, from_text = FORMS[form]
            if from_text(to_text(octets)) == octets:
                return to_text(octets)
        except (ValueError, IndexError, KeyError):
            pass
        return "hex:" + octets.hex().upper()
    return hex_text(octets)


# --- printing -------------------------------------------------------------------------------------------------------


def simple(type):
    return not type.constructed


def inline(type):
    """Whether a value of the type stands on one line as name=value ... (the FCP takes in its proprietaryEFInfo)."""
    if type is FCP:
        return True
    plain = isinstance(type, Sequence) and not isinstance(type, (SequenceOf, Choices))
    return plain and bool(type.members) and all(simple(member.type) for member in type.members)


def simple_text(type, value):
    if isinstance(type, Int):
        return f"0x{value:02X}" if type.radix == 16 else str(value)
    if isinstance(type, Octets):
        return octets_text(type.form, value)
    return f'"{value}"' if isinstance(type, Utf8) else value


def inline_text(type, value):
    words, types = [], {member.name: member.type for member in type.members}
    for name, inner in value:
        if isinstance(types[name], Null):
            words.append(name)
        elif types[name] is PROPRIETARY_INFO:
            words.append(inline_text(PROPRIETARY_INFO, inner) or "proprietaryEFInfo=empty")
        else:
            words.append(f"{name}={simple_text(types[name], inner)}")
    return " ".join(words)


def dump(type, value, depth=0):
    """The lines that say `value`."""
    types, lines = {member.name: member.type for member in type.members}, []
    for name, inner in value:
        member, indent = types[name], "    " * depth
        if isinstance(member, Null):
            lines.append(indent + name)
        elif simple(member):
            lines.append(f"{indent}{name} {simple_text(member, inner)}")
        elif inline(member):
            lines.append(f"{indent}{name} {inline_text(member, inner)}".rstrip())
        else:
            lines.append(indent + name)
            lines += dump(member, inner, depth + 1)
        if depth == 0:
            lines.append("")
    return lines


# --- reading --------------------------------------------------------------------------------------------------------

SHORT = {
    "fcp": "fileDescriptor", "create": "createFCP", "select": "filePath", "content": "fillFileContent",
    "skip": "fillFileOffset", "type": "fileDescriptor", "fid": "fileID", "aid": "dfName",
    "arr": "securityAttributesReferenced", "size": "efFileSize", "sfi": "shortEFID", "pins": "pinStatusTemplateDO",
    "special": "specialFileInformation", "fill": "fillPattern", "repeat": "repeatPattern", "link": "linkPath",
}  # fmt: skip


class Line:
    def __init__(self, number, words, depth):
        self.number, self.depth, self.children = number, depth, []
        name, _, self.rest = words.partition(" ")
        self.name, self.rest = name, self.rest.strip()


def lines_of(text):
    """The lines as a tree: comments dropped, $NAMES and used blocks put in."""
    root, names, blocks = Line(0, "", -1), {}, {}
    path = [root]
    for number, raw in enumerate(text.splitlines(), 1):
        words = re.sub(r'^((?:[^"#]|"[^"]*")*)#.*$', r"\1", raw).rstrip()
        if not words:
            continue
        try:
            words = re.sub(r"\$(\w+)", lambda match: names[match[1]], words)
        except KeyError as unknown:
            raise PackageError(f"line {number}: {unknown.args[0]} is not defined") from None
        line = Line(number, words.strip(), len(words) - len(words.lstrip()))
        if line.name == "define":
            name, _, value = line.rest.partition(" ")
            names[name] = value.strip()
            continue
        while path[-1].depth >= line.depth:
            path.pop()
        if line.name == "use":
            if line.rest not in blocks:
                raise PackageError(f"line {number}: there is no block {line.rest}")
            path[-1].children += blocks[line.rest].children
            continue
        if line.name == "block":
            blocks[line.rest] = line
        else:
            path[-1].children.append(line)
        path.append(line)
    return root


def simple_value(type, text):
    if isinstance(type, Null):
        return None
    if isinstance(type, Int):
        return int(text, 0)
    if isinstance(type, Utf8):
        return text.strip('"')
    if isinstance(type, Oid):
        return text
    if text == "empty":
        return b""
    if type.form in FORMS and not text.startswith("hex:"):
        try:
            return FORMS[type.form][1](text)
        except (ValueError, KeyError, OverflowError):
            raise PackageError(f"{text!r} is not a {type.form}") from None
    return expression(text.removeprefix("hex:"))


def inline_value(type, text):
    value, info = [], []
    types = {member.name: member.type for member in type.members}
    deeper = {member.name: member.type for member in PROPRIETARY_INFO.members} if type is FCP else {}
    for word in re.findall(r'(?:[^\s"(]|"[^"]*"|\([^)]*\))+', text):
        name, _, inner = word.partition("=")
        name = SHORT.get(name, name) if type is FCP else name
        if name in deeper:
            info.append((name, simple_value(deeper[name], inner)))
            if "proprietaryEFInfo" not in dict(value):
                value.append(("proprietaryEFInfo", info))
        elif name == "proprietaryEFInfo" and inner == "empty":
            value.append((name, info))
        elif name in types and simple(types[name]):
            value.append((name, simple_value(types[name], inner)))
        else:
            raise PackageError(f"there is no {name} here (there are: {', '.join({**types, **deeper})})")
    return value


def parse(type, line):
    """The value that the lines below `line` say."""
    types = {member.name: member.type for member in type.members}
    value, record_length, owed = [], None, 0
    for child in line.children:
        name = child.name
        if isinstance(type, Choices) and type is not PROFILE_ELEMENT:
            name = SHORT.get(name, name)
        try:
            if name in ("record", "rule"):
                content = (access_rule if name == "rule" else expression)(child.rest)
                if record_length is None:
                    raise PackageError("a record needs its length: give the file's type, as in type=LF:28")
                if len(content) > record_length:
                    raise PackageError(f"{len(content)} octets in a record of {record_length}")
                if content:
                    value += [("fillFileOffset", owed)] if owed else []
                    value.append(("fillFileContent", content))
                    owed = 0
                owed += record_length - len(content)
                continue
            if name not in types:
                raise PackageError(f"there is no {name} here (there are: {', '.join(types)})")
            inner = types[name]
            if simple(inner):
                made = simple_value(inner, child.rest)
            elif inline(inner) and not child.children:
                made = inline_value(inner, child.rest)
            elif child.rest:
                # A list on one line: services by name, or one simple element after the other.
                element = inner.members[0]
                if isinstance(inner, SequenceOf):
                    made = [(element.name, simple_value(element.type, word)) for word in child.rest.split()]
                else:
                    made = inline_value(inner, child.rest)
            else:
                made = parse(inner, child)
        except PackageError as error:
            text = str(error)
            raise PackageError(text if text.startswith("line ") else f"line {child.number}: {text}") from None
        except ValueError as error:
            raise PackageError(f"line {child.number}: {error}") from None
        if inner is FCP:
            octets = dict(made).get("fileDescriptor", b"")
            record_length, owed = (int.from_bytes(octets[2:], "big") if len(octets) == 4 else None), 0
        value.append((name, made))
    return value


def read_description(text):
    """The profile elements that a description says."""
    return parse(PROFILE_ELEMENT, lines_of(text))


def dump_package(package):
    return "\n".join(dump(PROFILE_ELEMENT, package)).rstrip() + "\n"
