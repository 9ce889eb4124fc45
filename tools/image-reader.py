#!/usr/bin/env python3
"""Reads the memory image of a card, by docs/memory-image.md (the section signs below are its sections).

It shows the image as it would be after recovery (§5) and never writes to the file. PINs, PUKs and keys are shown.

Exit status: 0 done; 1 `verify` found an inconsistency, or `read` found no such file; 2 the file is not an image
(truncated, foreign, of another major version); 64 the command line is wrong.

A path begins at the MF: 3F00/7F10/6F3A, 3F00/ADF.A0000000871002/6F07. A file whose parents lead to no MF is named
by its object: #1057. A link to a DF is one entry of the tree; `read` passes through it.
"""

import argparse
import hashlib
import json
import os
import sys
import zlib
from collections import Counter
from dataclasses import dataclass

MAGIC = b"VEUICC\r\n"
MAJOR = 1
PAGE = 64
NONE = 0xFFFFFFFF
LAST = 0x3FFFF
SIZES = range(65_536, 16_773_120 + 1, 4_096)
OWNER_TABLE_PAGES = 32
RESTORE, RELEASE, DISPOSE, COMMITTED = 1, 2, 3, 4
JOURNAL_KINDS = {RESTORE: "restore", RELEASE: "release", DISPOSE: "dispose", COMMITTED: "committed"}
KNOWN_MINOR = 1
FILE, PIN, PUK, AUTHENTICATION, CDMA, SESSION, HEADER, ENTRY, KEY_SET, LOAD_FILE, DATA = range(1, 12)
KINDS = {
    FILE: "file",
    PIN: "PIN codes",
    PUK: "unblocking codes",
    AUTHENTICATION: "authentication parameters",
    CDMA: "CDMA parameters",
    SESSION: "suspended session",
    HEADER: "profile header",
    ENTRY: "registry entry",
    KEY_SET: "key set",
    LOAD_FILE: "load file",
    DATA: "application data",
}
# §3: the largest kind of an object in a minor version.
LARGEST_KIND = {0: HEADER, 1: DATA}
ALGORITHMS = {1: "MILENAGE", 2: "TUAK", 3: "test"}
OWN_AUTHENTICATION, SHARED_AUTHENTICATION = 453, 9
# TS 102 221 §11.1.1.4.3, without the bit for shareable (40). Working and internal EFs differ in bit 4.
STRUCTURES = {0x01: "TR", 0x09: "TR", 0x02: "LF", 0x0A: "LF", 0x06: "CY", 0x0E: "CY", 0x39: "BT", 0x38: "DF"}
ATTRIBUTES = {"84", "8B", "8C", "AB", "C6", "A5"}
# §7.6
APPLICATION, EXECUTABLE_LOAD_FILE, MODULE = 1, 2, 3
ENTRY_KINDS = {APPLICATION: "application", EXECUTABLE_LOAD_FILE: "executable load file", MODULE: "executable module"}
PROGRAMS = {0: "none", 1: "security domain", 2: "network access", 3: "access rule master", 4: "remote file management"}
SECURITY_DOMAIN, DAP, DELEGATED, RESET, MANDATED_DAP = 0x800000, 0x400000, 0x200000, 0x040000, 0x010000
FINAL, AUTHORIZED, TOKENS, RECEIPTS = 0x000200, 0x004000, 0x002000, 0x000080
DOMAINS_ONLY = DAP | DELEGATED | MANDATED_DAP | 0x008000 | AUTHORIZED | TOKENS | RECEIPTS | 0x000040
ENTRY_ATTRIBUTES = {"CF", "CB", "CA", "EA", "C7", "D7", "5F20", "C9"}
# §7.9: what stands in E3, and how many octets the data objects of a rule have; D0 and D1 are looked at by themselves.
RULE_PERMISSIONS = (["D0"], ["D1"], ["DB"], ["D0", "D1"], ["D0", "DB"], ["D1", "DB"], ["D0", "D1", "DB"])
RULE_LENGTHS = {"4F": (0, *range(5, 17)), "C0": (0,), "C1": (0, 20, 32), "CA": range(1, 128), "DB": (8,)}
# §7.7: component types, their lengths; what begins a key, and what follows it.
DES, PSK, AES, POINT, SCALAR, CURVE = 0x80, 0x85, 0x88, 0xB0, 0xB1, 0xF0
KEY_LENGTHS = {DES: (16, 24), AES: (16, 24, 32), PSK: range(16, 65), 0x90: range(16, 65), 0x91: range(16, 65),
               POINT: (65,), SCALAR: (32,), CURVE: (1,), **dict.fromkeys(range(0xA0, 0xA9), range(1, 513))}
KEY_SEQUENCES = {(DES,), (AES,), (PSK,), (0x90,), (0x91,), (0xA1, 0xA0), (0xA2, 0xA3),
                 (0xA4, 0xA5, 0xA6, 0xA7, 0xA8), (POINT, CURVE), (SCALAR, CURVE)}
CURVES = {0x00, 0x03, 0x40}


class NotAnImage(Exception):
    """The file is truncated, foreign, or of another major version."""


def number(octets, offset, width):
    return int.from_bytes(octets[offset:offset + width], "big")


def u16(octets, offset):
    return number(octets, offset, 2)


def u32(octets, offset):
    return number(octets, offset, 4)


def upper(octets):
    return bytes(octets).hex().upper()


def erased(octets):
    return octets.count(0xFF) == len(octets)


def first_programmed(octets):
    return next(index for index, octet in enumerate(octets) if octet != 0xFF)


def data_objects(octets):
    """The BER-TLV objects in `octets` as (offset, tag in hexadecimal, value); ValueError(offset) if they do not fit."""
    found, at = [], 0
    while at < len(octets):
        start, cursor = at, at + 1
        if octets[at] & 0x1F == 0x1F:
            while cursor < len(octets) and octets[cursor] & 0x80:
                cursor += 1
            cursor += 1
            if cursor - start > 3:
                raise ValueError(start)
        tag = upper(octets[at:cursor])
        if cursor >= len(octets):
            raise ValueError(start)
        length = octets[cursor]
        cursor += 1
        if length & 0x80:
            width = length & 0x7F
            if not 1 <= width <= 4 or cursor + width > len(octets):
                raise ValueError(start)
            length = number(octets, cursor, width)
            cursor += width
        at = cursor + length
        if at > len(octets):
            raise ValueError(start)
        found.append((start, tag, octets[cursor:at]))
    return found


def data_object(tag, value):
    """A BER-TLV object, its length in the shortest form."""
    length, width = len(value), 0
    while length >> 8 * width:
        width += 1
    return bytes.fromhex(tag) + (b"" if length < 0x80 else bytes([0x80 | width])) + length.to_bytes(max(width, 1), "big") + value


def rule_problem(rule):
    """§7.9: what is wrong with the value of an access rule; None where nothing is."""
    try:
        members = data_objects(rule)
        parts = [data_objects(value) for _, _, value in members]
    except ValueError:
        return "a rule that is no list of BER-TLV objects"
    if [tag for _, tag, _ in members] != ["E1", "E3"]:
        return "a rule of something else than E1 and E3"
    if rule != b"".join(data_object(tag, value) for _, tag, value in members):
        return "a length that has not the shortest form"
    for (_, tag, value), objects in zip(members, parts):
        if value != b"".join(data_object(inner, octets) for _, inner, octets in objects):
            return "a length that has not the shortest form"
        tags = [inner for _, inner, _ in objects]
        if tag == "E1" and tags[:1] in (["4F"], ["C0"]):
            tags = tags[1:]
        allowed = (["C1"], ["C1", "CA"]) if tag == "E1" else RULE_PERMISSIONS
        if tags not in allowed:
            return f"{tag} of {' '.join(inner for _, inner, _ in objects) or 'nothing'}"
        for _, inner, octets in objects:
            fits = len(octets) in RULE_LENGTHS[inner] if inner in RULE_LENGTHS else octets in (b"\x00", b"\x01")
            if not fits and not (inner == "D0" and len(octets) > 1 and len(octets) % 8 == 0):
                return f"the value of {inner}"
    return None


@dataclass(frozen=True)
class Region:
    name: str
    page: int
    pages: int

    @property
    def offset(self):
        return self.page * PAGE

    @property
    def octets(self):
        return self.pages * PAGE

    def of(self, image):
        return image[self.offset:self.offset + self.octets]


def regions_of(size):
    """§2: the regions follow from the size alone."""
    journal = min(max(size // 16, 4_096), 65_536) // PAGE
    table = -(-4 * (size // PAGE) // PAGE)
    page, found = 0, {}
    for name, pages in (("superblock", 1), ("owner table", OWNER_TABLE_PAGES), ("journal", journal),
                        ("page table", table)):
        found[name] = Region(name, page, pages)
        page += pages
    found["data pages"] = Region("data pages", page, size // PAGE - page)
    return found


@dataclass(frozen=True)
class Entry:
    """A journal entry that counts (§5)."""
    at: int
    kind: int
    offset: int
    length: int
    before: bytes


def journal_entries(journal, size):
    found, at = [], 0
    while at + 12 <= len(journal) and journal[at] in JOURNAL_KINDS:
        kind, length = journal[at], u32(journal, at + 4)
        end = at + 8 + (length if kind == RESTORE else 0)
        if end + 4 > len(journal) or number(journal, at + 1, 3) + length > size or zlib.crc32(journal[at:end]) != u32(journal, end):
            break
        found.append(Entry(at, kind, number(journal, at + 1, 3), length, journal[at + 8:end]))
        at = end + 4
    return found


@dataclass
class Object:
    """An object (§7): `number` is its first page, `content` what stands behind its length."""
    number: int
    kind: int
    owner: int
    pages: list
    content: bytes = b""

    def at(self, index):
        """The offset in the image of octet `index` of the content."""
        position = min(index + 4, len(self.pages) * PAGE - 1)
        return self.pages[position // PAGE] * PAGE + position % PAGE


class File:
    """A file object (§7.1), its fields as they are stored."""

    def __init__(self, item):
        content = item.content
        self.object, self.number, self.owner = item, item.number, item.owner
        self.parent, self.identifier = u32(content, 0), u16(content, 4)
        self.descriptor, self.life_cycle, self.short_identifier, self.special = content[6:10]
        self.record_length, self.first = u16(content, 10), u16(content, 12)
        self.size, self.used, self.link = u32(content, 14), u32(content, 18), u32(content, 22)
        self.attributes_length = u16(content, 26)
        self.attributes = content[28:28 + self.attributes_length]
        self.stored = content[28 + self.attributes_length:]
        self.structure = STRUCTURES.get(self.descriptor & 0xBF, "??")
        try:
            self.tags = [(tag, value) for _, tag, value in data_objects(self.attributes)]
        except ValueError:
            self.tags = []

    @property
    def type(self):
        if self.structure != "DF":
            return self.structure
        return "MF" if self.parent == NONE else "ADF" if self.identifier == 0xFFFF else "DF"

    @property
    def name(self):
        if self.type == "ADF":
            return "ADF." + next((upper(value) for tag, value in self.tags if tag == "84"), "")
        return f"{self.identifier:04X}"


class RegistryEntry:
    """A registry entry (§7.6), its fields as they are stored."""

    def __init__(self, item):
        content = item.content
        self.object, self.number, self.owner = item, item.number, item.owner
        self.kind, self.state, self.before = content[:3]
        self.privileges, self.aid_length, self.program = number(content, 3, 3), content[6], content[23]
        self.aid, self.padding = content[7:23][:self.aid_length], content[7:23][self.aid_length:]
        self.domain, self.load_file, self.content, self.data = (u32(content, at) for at in (24, 28, 32, 36))
        self.version, self.restrictions, self.attributes_length = (u16(content, at) for at in (40, 42, 44))
        self.attributes = content[46:46 + self.attributes_length]

    @property
    def is_domain(self):
        return self.kind == APPLICATION and bool(self.privileges & SECURITY_DOMAIN)

    @property
    def is_issuer(self):
        return self.is_domain and self.domain == NONE

    @property
    def is_network_access(self):
        return self.kind == APPLICATION and self.program == 2 and not self.is_domain


@dataclass
class Key:
    """A key in a key set (§7.7): `at` counts from the start of the content."""
    at: int
    identifier: int
    usage: int
    access: int
    components: list

    def problem(self):
        types = tuple(kind for kind, _ in self.components)
        if self.identifier & 0x80:
            return "its identifier has the top bit set"
        if types not in KEY_SEQUENCES:
            return "its components are none of a key"
        for kind, value in self.components:
            if len(value) not in KEY_LENGTHS[kind]:
                return f"component {kind:02X} has {len(value)} octets"
        value = dict(self.components)
        if POINT in value and value[POINT][0] != 4:
            return "its point is not uncompressed"
        if CURVE in value and value[CURVE][0] not in CURVES:
            return f"its curve is {value[CURVE][0]:02X}"
        return None


def keys_of(content):
    """The keys from octet 20 of a key set on; ValueError(offset) where none stands whole."""
    found, at = [], 20
    while at < len(content):
        end = at + 6 + (u16(content, at + 4) if at + 6 <= len(content) else 0)
        if at + 6 > len(content) or end > len(content):
            raise ValueError(at)
        components, cursor = [], at + 6
        while cursor < end:
            length = u16(content, cursor + 1) if cursor + 3 <= end else end
            if cursor + 3 + length > end:
                raise ValueError(at)
            components.append((content[cursor], content[cursor + 3:cursor + 3 + length]))
            cursor += 3 + length
        found.append(Key(at, content[at], u16(content, at + 1), content[at + 3], components))
        at = end
    return found


def purpose_of(version, keys):
    """§7.7: what keys are for, as octet 9 says it; None if they cannot stand together."""
    first = {key.identifier: key.components[0] for key in keys}
    three = [first[identifier] for identifier in (1, 2, 3) if identifier in first]
    if any(first[identifier][0] == SCALAR for identifier in (0x11, 0x13, 0x15) if identifier in first):
        return None if three else 0x11
    des = all(kind == DES and len(value) == 16 for kind, value in three)
    aes = all(kind == AES and len(value) == len(three[0][1]) for kind, value in three)
    if 0x01 <= version <= 0x0F:
        return 0x80
    if 0x40 <= version <= 0x4F:
        return 0x81
    if 0x20 <= version <= 0x3F and not (des if version < 0x30 else aes):
        return None
    if len(three) < 3 or version in (0x11, 0x70, 0x71, 0x73, 0x74, 0x75):
        return 0xFF
    return 0x02 if des else 0x03 if aes else 0xFF


def fitting_option(purpose, option):
    if purpose == 0x02:
        return option & 0x8F == 0x05
    if purpose == 0x03:
        return option & 0x8E == 0 and option & 0x60 != 0x40
    return option in (0, 1) if purpose == 0x11 else option == 0xFF


class Image:
    """An image after recovery. `problems` are its inconsistencies: (offset in the image, reason)."""

    def __init__(self, data):
        self.problems = []
        self.read_superblock(data)
        self.octets = bytearray(data[:self.size])
        self.recover()
        self.read_owners()
        self.read_pages()
        self.read_files()
        self.read_codes()
        self.read_others()
        self.read_registry()
        self.read_key_sets()
        self.problems = sorted(set(self.problems))

    def note(self, offset, reason):
        self.problems.append((offset, reason))

    def reserved(self, offset, octets):
        """What is reserved is erased, unless a later minor version has given it a meaning (§3)."""
        if self.is_known and not erased(octets):
            self.note(offset, "reserved octets are not erased")

    # §3

    def read_superblock(self, data):
        block = data[:PAGE]
        if not data.startswith(MAGIC):
            raise NotAnImage("it does not begin with the magic of a memory image")
        if len(block) < PAGE:
            raise NotAnImage("truncated: shorter than a superblock")
        whole = zlib.crc32(block[:60]) == u32(block, 60)
        major, self.minor = u16(block, 8), u16(block, 10)
        self.is_known = self.minor <= KNOWN_MINOR
        if major != MAJOR:
            raise NotAnImage(f"format {major}.{self.minor}; this reader knows {MAJOR}")
        stated = u32(block, 12)
        # A damaged superblock does not tell the size; that of the file does, since the regions follow from it.
        self.size = stated if whole or stated == len(data) else len(data)
        if self.size not in SIZES:
            raise NotAnImage(f"{self.size} octets is no size of an image")
        if len(data) < self.size:
            raise NotAnImage(f"truncated: {len(data)} of {self.size} octets")
        if len(data) > self.size:
            self.note(self.size, "octets behind the end of the image")
        if not whole:
            self.note(60, "superblock: the CRC-32 is wrong")
        self.format = f"{major}.{self.minor}"
        self.pages = self.size // PAGE
        self.regions = regions_of(self.size)
        named = self.regions
        for offset, name, right in (
            (12, "size of the image", self.size),
            (16, "size of a page", PAGE),
            (20, "first page of the owner table", named["owner table"].page),
            (24, "first page of the journal", named["journal"].page),
            (28, "number of pages of the journal", named["journal"].pages),
            (32, "first page of the page table", named["page table"].page),
            (36, "first data page", named["data pages"].page),
        ):
            if u32(block, offset) != right:
                self.note(offset, f"superblock: {name} is {u32(block, offset)}, not {right}")
        self.reserved(40, block[40:60])

    # §5

    def recover(self):
        region = self.regions["journal"]
        journal = bytes(region.of(self.octets))
        self.entries = journal_entries(journal, self.size)
        committed = any(entry.kind == COMMITTED for entry in self.entries)
        if self.entries:
            self.journal_state = "open, committed" if committed else "open"
        else:
            self.journal_state = "closed" if erased(journal) else "closed, not erased"
        for entry in self.entries if committed else reversed(self.entries):
            self.replay(entry, committed)
        self.octets[region.offset:region.offset + region.octets] = b"\xFF" * region.octets

    def replay(self, entry, committed):
        region = self.regions["journal"]
        at, end = region.offset + entry.at, entry.offset + entry.length
        if entry.kind == COMMITTED:
            if entry.offset or entry.length:
                self.note(at, "journal: offset and length of the entry 'committed' are not 0")
            if entry is not self.entries[-1]:
                self.note(at, "journal: an entry follows the entry 'committed'")
        elif entry.offset < PAGE or entry.offset < region.offset + region.octets and end > region.offset:
            self.note(at, f"journal: entry '{JOURNAL_KINDS[entry.kind]}' leads into the superblock or the journal")
        elif entry.kind == RESTORE and not committed:
            self.octets[entry.offset:end] = entry.before
        elif entry.kind == (DISPOSE if committed else RELEASE):
            self.octets[entry.offset:end] = b"\xFF" * entry.length

    # §4

    def read_owners(self):
        region = self.regions["owner table"]
        table = region.of(self.octets)
        self.owners = {}
        for owner in range(256):
            at, entry = region.offset + 8 * owner, table[8 * owner:8 * owner + 8]
            if erased(entry):
                continue
            if entry[0] != 1 or owner == 255:
                self.note(at, f"owner {owner}: neither in use nor erased")
                continue
            if self.minor == 0:
                self.reserved(at + 2, entry[2:4])
            parent, quota = entry[1], u32(entry, 4)
            reserved = 0 if self.minor == 0 or u16(entry, 2) == 0xFFFF else u16(entry, 2)
            self.owners[owner] = {"owner": owner, "parent": None if parent == 0xFF else parent,
                                  "quota": None if quota == NONE else quota, "reserved": reserved * PAGE, "used": 0}
            if reserved * PAGE > quota:
                self.note(at + 2, f"owner {owner}: reserves {reserved * PAGE} octets of {quota}")
        if 0 not in self.owners:
            self.note(region.offset, "owner 0, the card itself, is not in use")
        for owner, entry in self.owners.items():
            at, parent, seen = region.offset + 8 * owner + 1, entry["parent"], {owner}
            if parent is not None and parent not in self.owners:
                self.note(at, f"owner {owner}: belongs to owner {parent}, which is not in use")
            while parent in self.owners and parent not in seen:
                seen.add(parent)
                parent = self.owners[parent]["parent"]
            if parent in seen:
                self.note(at, f"owner {owner}: belongs to itself by way of owner {parent}")

    # §6

    def read_pages(self):
        region, first = self.regions["page table"], self.regions["data pages"].page
        table = bytes(region.of(self.octets))
        entries = memoryview(table)
        self.table = [u32(entries, at) for at in range(0, len(table), 4)]
        self.free, self.objects, taken, used = 0, {}, {}, Counter()
        for page, entry in enumerate(self.table):
            at, tag, kind, owner = region.offset + 4 * page, entry >> 30, entry >> 26 & 15, entry >> 18 & 255
            if page < first or page >= self.pages:
                if entry != NONE:
                    self.note(at, f"page table: page {page} is no data page, its entry is not erased")
            elif entry == NONE:
                self.free += 1
                octets = self.octets[page * PAGE:page * PAGE + PAGE]
                if not erased(octets):
                    self.note(page * PAGE + first_programmed(octets), f"page {page} is free, but not erased")
            elif tag not in (1, 2):
                self.note(at, f"page table: page {page} is neither free nor the first or a further page")
            else:
                used[owner] += 1
                if owner not in self.owners:
                    self.note(at, f"page table: page {page} belongs to owner {owner}, which is not in use")
                if tag == 1:
                    self.objects[page] = Object(page, kind, owner, [page])
                    if kind == 0:
                        self.note(at, f"page table: page {page} is the first page of an object of kind 0")
                    elif kind > LARGEST_KIND.get(self.minor, 15):
                        self.note(at, f"page table: page {page} is the first page of an object of reserved kind {kind}")
                elif kind:
                    self.note(at, f"page table: page {page} is a further page, its kind is {kind}")
        for item in self.objects.values():
            self.follow(item, region, first, taken)
            self.read_content(item)
        for page, entry in enumerate(self.table[:self.pages]):
            if page >= first and entry >> 30 == 2 and page not in taken:
                self.note(region.offset + 4 * page, f"page table: page {page} is a further page of no object")
        for owner, entry in self.owners.items():
            entry["used"] = used[owner] * PAGE
        self.check_loads()

    def check_loads(self):
        """§4: no load is more than the quota, and what is reserved can be had."""
        owners, below, charges = self.owners, {}, {}
        for owner, entry in owners.items():
            below.setdefault(entry["parent"], []).append(owner)
        # From the owners that belong to none down, and back; those in a ring are no part of it.
        order = [owner for owner in owners if owners[owner]["parent"] not in owners]
        for owner in order:
            order += below.get(owner, [])
        for owner in reversed(order):
            entry, at = owners[owner], self.regions["owner table"].offset + 8 * owner + 4
            load = entry["used"] + sum(charges[other] for other in below.get(owner, []))
            charges[owner] = max(load, entry["reserved"])
            if entry["quota"] is not None and load > entry["quota"]:
                self.note(at, f"owner {owner}: takes {load} octets of {entry['quota']}")
        total = sum(charges[owner] for owner in below.get(None, []))
        if total > self.regions["data pages"].octets:
            self.note(self.regions["owner table"].offset + 2,
                      f"{total} octets are in use or reserved, of {self.regions['data pages'].octets}")

    def follow(self, item, region, first, taken):
        page = item.number
        while (following := self.table[page] & LAST) != LAST:
            at = region.offset + 4 * page
            if not first <= following < self.pages:
                return self.note(at, f"page table: page {page} leads to page {following}, which is no data page")
            entry = self.table[following]
            if entry == NONE or entry >> 30 != 2:
                return self.note(at, f"page table: page {page} leads to page {following}, which is no further page")
            if following in taken:
                return self.note(at, f"page table: page {page} leads to page {following}, "
                                     f"which belongs to object {taken[following]}")
            if entry >> 18 & 255 != item.owner:
                self.note(region.offset + 4 * following,
                          f"page table: page {following} of object {item.number} has another owner")
            taken[following] = item.number
            item.pages.append(following)
            page = following

    # §7

    def read_content(self, item):
        raw = b"".join(bytes(self.octets[page * PAGE:page * PAGE + PAGE]) for page in item.pages)
        length, start = u32(raw, 0), item.number * PAGE
        pages = -(-(length + 4) // PAGE)
        item.content = raw[4:4 + length]
        if pages != len(item.pages):
            self.note(start, f"object {item.number}: {length} octets take {pages} pages, it has {len(item.pages)}")
        elif not erased(raw[4 + length:]):
            self.note(item.at(length + first_programmed(raw[4 + length:])),
                      f"object {item.number}: octets behind its content are not erased")

    def of_kind(self, kind):
        return [item for item in self.objects.values() if item.kind == kind]

    # §7.1

    def read_files(self):
        self.files, self.children = {}, {}
        for item in self.of_kind(FILE):
            if len(item.content) < 28:
                self.note(item.at(0), f"file {item.number}: shorter than its 28 octets of fields")
            else:
                self.files[item.number] = File(item)
        for file in self.files.values():
            self.children.setdefault(file.parent, []).append(file)
        self.paths = {file.number: self.find_path(file) for file in self.files.values()}
        for file in self.files.values():
            for index, reason in self.file_problems(file):
                self.note(file.object.at(index), f"file {self.paths[file.number]}: {reason}")
        for siblings in self.children.values():
            seen = set()
            for file in siblings:
                key = (file.name, file.owner if file.parent == NONE else None)
                if key in seen:
                    self.note(file.object.at(4), f"file {self.paths[file.number]}: another one has its path")
                seen.add(key)
                if file.short_identifier and file.short_identifier in seen:
                    self.note(file.object.at(8), f"file {self.paths[file.number]}: another one has its short identifier")
                seen.add(file.short_identifier)

    def find_path(self, file):
        names, seen = [], set()
        while file.number not in seen:
            seen.add(file.number)
            parent = self.files.get(file.parent)
            names.append(file.name if parent or file.type == "MF" else f"#{file.number}")
            if not parent:
                return "/".join(reversed(names))
            file = parent
        return f"#{file.number}/" + "/".join(reversed(names[:-1]))

    def path(self, object_number):
        if object_number == NONE:
            return None
        return self.paths.get(object_number, f"#{object_number}")

    def target(self, file):
        """The file whose body, size and record length `file` has."""
        return file if file.link == NONE else self.files.get(file.link, file)

    def is_folder(self, object_number):
        return object_number in self.files and self.files[object_number].structure == "DF"

    def file_problems(self, file):
        """(offset in the content, reason) of each."""
        folder, link = file.structure == "DF", file.link != NONE
        if file.structure == "??":
            yield 6, f"unknown file descriptor octet {file.descriptor:02X}"
        yield from self.place_problems(file, folder)
        if file.short_identifier > 30:
            yield 8, f"short file identifier {file.short_identifier}"
        if folder and file.short_identifier:
            yield 8, "a short file identifier, but no EF"
        yield from self.attribute_problems(file)
        if (folder or link) and file.size:
            yield 14, f"has a body of {file.size} octets"
        if len(file.stored) != file.size:
            yield 14, f"the body takes {len(file.stored)} octets, its size is {file.size}"
        if link:
            yield from self.link_problems(file, folder)
        else:
            yield from self.body_problems(file)

    def place_problems(self, file, folder):
        if file.parent == NONE:
            if not folder:
                yield 0, "an EF without parent"
        elif not self.is_folder(file.parent):
            yield 0, f"its parent, object {file.parent}, is no MF, DF or ADF"
        elif self.files[file.parent].link != NONE:
            yield 0, "its parent is a link"
        elif self.paths[file.number].startswith("#") and self.in_a_ring(file):
            yield 0, "its parents form a ring"
        if file.type == "MF" and file.identifier != 0x3F00:
            yield 4, f"the MF has the identifier {file.identifier:04X}"
        if not folder and file.identifier == 0xFFFF:
            yield 4, "an EF has the identifier of an ADF"

    def in_a_ring(self, file):
        seen, at = set(), file
        while at and at.number not in seen:
            seen.add(at.number)
            at = self.files.get(at.parent)
        return at is not None

    def attribute_problems(self, file):
        if 28 + file.attributes_length > len(file.object.content):
            yield 26, "the attributes do not fit into the object"
            return
        try:
            found = data_objects(file.attributes)
        except ValueError as error:
            yield 28 + error.args[0], "the attributes are no list of BER-TLV objects"
            return
        seen = set()
        for at, tag, value in found:
            if tag not in ATTRIBUTES and self.is_known:
                yield 28 + at, f"unknown attribute {tag}"
            # Only one of the three can hold the security attributes.
            group = "8B, 8C or AB" if tag in ("8B", "8C", "AB") else tag
            if group in seen:
                yield 28 + at, f"attribute {group} twice"
            seen.add(group)
            if tag == "84" and not 1 <= len(value) <= 16:
                yield 28 + at, f"a DF name of {len(value)} octets"
        if file.type == "ADF" and "84" not in seen:
            yield 4, "an ADF without a DF name"

    def link_problems(self, file, folder):
        target = self.files.get(file.link)
        if target is None:
            yield 22, f"the link leads to object {file.link}, which is no file"
        elif target.link != NONE:
            yield 22, f"the link leads to {self.paths[file.link]}, which is a link itself"
        elif (target.structure == "DF") != folder:
            yield 22, f"the link leads to {self.paths[file.link]}, which is of another type"

    def body_problems(self, file):
        if file.structure in ("LF", "CY"):
            if file.record_length == 0:
                yield 10, "its record length is 0"
            elif file.size % file.record_length:
                yield 14, f"{file.size} octets are no whole number of records of {file.record_length}"
        elif file.record_length:
            yield 10, "has a record length, but no records"
        records = file.size // file.record_length if file.record_length else 0
        if file.first and (file.structure != "CY" or file.first >= records):
            yield 12, f"the first record is {file.first}"
        if file.structure != "BT":
            if file.used:
                yield 18, "has data objects, but is no BER-TLV file"
        elif file.used > file.size:
            yield 18, f"the data objects take {file.used} of {file.size} octets"
        else:
            start = 28 + file.attributes_length
            try:
                data_objects(file.stored[:file.used])
            except ValueError as error:
                yield start + error.args[0], "the body is no list of BER-TLV objects"

    def body(self, file):
        """The body in the order of the record numbers; of a BER-TLV file all octets, the erased ones too."""
        file = self.target(file)
        body = file.stored[:file.size]
        if file.structure != "CY":
            return body
        turn = file.first * file.record_length
        return body[turn:] + body[:turn]

    def find(self, path, owner=None):
        """The files at `path`, one in each MF that has it; links to DFs are passed through."""
        names = path.strip("/").upper().split("/")
        if names[0].startswith("#"):
            found = [file for file in self.files.values() if names[0] == f"#{file.number}"]
        else:
            found = [file for file in self.children.get(NONE, []) if file.name == names[0]]
        for name in names[1:]:
            found = [child for file in found for child in self.children.get(self.target(file).number, [])
                     if child.name == name]
        return [file for file in found if owner in (None, file.owner)]

    # §7.2

    def read_codes(self):
        self.codes = []
        references = {(item.owner, item.kind, item.content[at]) for kind in (PIN, PUK) for item in self.of_kind(kind)
                      for at in range(8, len(item.content) - 15, 16)}
        own = {u32(item.content, 0) for item in self.of_kind(PIN) if u32(item.content, 4) == NONE}
        seen = set()
        for item in self.of_kind(PIN) + self.of_kind(PUK):
            content, label = item.content, f"{KINDS[item.kind]} {item.number}"
            if len(content) < 8:
                self.note(item.at(0), f"{label}: shorter than its 8 octets of fields")
                continue
            context, shared = u32(content, 0), u32(content, 4)
            if not self.is_folder(context):
                self.note(item.at(0), f"{label}: the context, object {context}, is no MF, ADF or DF")
            if (item.kind, context) in seen:
                self.note(item.at(0), f"{label}: the context {self.path(context)} has other ones")
            seen.add((item.kind, context))
            if item.kind == PIN and shared != NONE and shared not in own:
                self.note(item.at(4), f"{label}: object {shared} has no PIN codes of its own")
            if (len(content) - 8) % 16:
                self.note(item.at(8), f"{label}: {len(content) - 8} octets are no whole number of entries")
            entries, keys = [], set()
            for at in range(8, len(content) - 15, 16):
                entry = content[at:at + 16]
                for index, reason in self.code_problems(item, entry, references, keys):
                    self.note(item.at(at + index), f"{label}: key reference {entry[0]:02X}: {reason}")
                keys.add(entry[0])
                entries.append({
                    "key_reference": f"{entry[0]:02X}", "attributes": f"{entry[1]:02X}",
                    "tries": entry[2] >> 4, "tries_left": entry[2] & 15, "unblocked_by": f"{entry[3]:02X}",
                    "replaced_by": f"{entry[4]:02X}", "value": upper(entry[8:16])})
            self.codes.append({"object": item.number, "owner": item.owner, "kind": KINDS[item.kind],
                               "context": self.path(context), "codes_of": self.path(shared), "entries": entries})

    def code_problems(self, item, entry, references, keys):
        if entry[0] in keys:
            yield 0, "twice"
        if entry[2] & 15 > entry[2] >> 4:
            yield 2, f"{entry[2] & 15} tries left of {entry[2] >> 4}"
        if self.is_known and not erased(entry[5:8]):
            yield 5, "reserved octets are not erased"
        if item.kind == PUK:
            if entry[1] or entry[3] or entry[4]:
                yield 1, "an unblocking code with the fields of a PIN"
            return
        if entry[3] and (item.owner, PUK, entry[3]) not in references:
            yield 3, f"its unblocking code {entry[3]:02X} is missing"
        if entry[4] and (item.owner, PIN, entry[4]) not in references:
            yield 4, f"the PIN {entry[4]:02X} that replaces it is missing"

    # §7.3 to §8

    def read_others(self):
        self.parameters, self.sessions, self.headers = [], [], []
        for item in self.of_kind(AUTHENTICATION) + self.of_kind(CDMA):
            label = f"{KINDS[item.kind]} {item.number}"
            if len(item.content) < 4:
                self.note(item.at(0), f"{label}: shorter than its 4 octets of fields")
                continue
            context = u32(item.content, 0)
            if context not in self.files or self.files[context].type != "ADF":
                self.note(item.at(0), f"{label}: object {context} is no ADF")
            shown = {"object": item.number, "owner": item.owner, "kind": KINDS[item.kind],
                     "context": self.path(context)}
            if item.kind == AUTHENTICATION:
                shown |= self.read_authentication(item, label)
            else:
                self.check_members(item, 4, label)
                shown["members"] = upper(item.content[4:])
            self.parameters.append(shown)
        for item in self.of_kind(HEADER):
            self.check_members(item, 0, f"profile header {item.number}")
            if any(header["owner"] == item.owner for header in self.headers):
                self.note(item.at(0), f"profile header {item.number}: owner {item.owner} has another one")
            self.headers.append({"object": item.number, "owner": item.owner, "members": upper(item.content)})
        for item in self.of_kind(SESSION):
            self.read_session(item)

    def read_authentication(self, item, label):
        content = item.content
        origin = u32(content, 4) if len(content) >= 8 else NONE
        if len(content) != (SHARED_AUTHENTICATION if origin != NONE else OWN_AUTHENTICATION):
            self.note(item.at(0), f"{label}: {len(content)} octets are none that it can have")
            return {}
        if origin != NONE:
            if origin not in self.files or self.files[origin].type != "ADF":
                self.note(item.at(4), f"{label}: object {origin} is no ADF")
            return {"parameters_of": self.path(origin), "mapping_options": upper(content[8:9])}
        if content[8] not in ALGORITHMS:
            self.note(item.at(8), f"{label}: algorithm {content[8]:02X}")
        if content[12] not in (16, 32):
            self.note(item.at(12), f"{label}: a key of {content[12]} octets")
        bootstrapped = content[372] != 0xFF
        if bootstrapped and not 32 <= content[372] <= 64:
            self.note(item.at(372), f"{label}: a Ks of {content[372]} octets")
        return {
            "parameters_of": None, "algorithm": ALGORITHMS.get(content[8]), "algorithm_options": upper(content[9:10]),
            "sqn_options": upper(content[10:11]), "number_of_keccak": content[11],
            "authentication_limit": None if content[13:16] == b"\xFF" * 3 else number(content, 13, 3),
            "authentications": number(content, 369, 3), "key": upper(content[16:16 + content[12]]),
            "opc": upper(content[48:80 if content[8] == 2 else 64]), "rotations": upper(content[80:85]),
            "additions": upper(content[85:165]),
            "sqn_delta": number(content, 165, 6), "sqn_age_limit": number(content, 171, 6),
            "sequences": " ".join(str(number(content, at, 6)) for at in range(177, 369, 6)),
            "random": upper(content[373:389]) if bootstrapped else None,
            "ks": upper(content[389:389 + content[372]]) if bootstrapped else None}

    def check_members(self, item, start, label):
        try:
            data_objects(item.content[start:])
        except ValueError as error:
            self.note(item.at(start + error.args[0]), f"{label}: the members are no list of BER-TLV objects")

    def read_session(self, item):
        content, label = item.content, f"suspended session {item.number}"
        pins = 9 + 16 * content[8] if len(content) > 8 else 0
        if not pins or len(content) < pins or (len(content) - pins) % 8:
            self.note(item.at(8), f"{label}: its length is none that its channels and PINs can have")
            return
        channels, verified = [], []
        for at in range(9, pins, 16):
            folder, file, application = (u32(content, at + offset) for offset in (4, 8, 12))
            for offset, reserved in ((2, 0xFE), (3, 0xFF)):
                if content[at + offset] & reserved:
                    self.note(item.at(at + offset), f"{label}: reserved bits are not 0")
            if any(channel["channel"] == content[at] for channel in channels):
                self.note(item.at(at), f"{label}: channel {content[at]} twice")
            if not self.is_folder(folder):
                self.note(item.at(at + 4), f"{label}: the current DF, object {folder}, is no MF, ADF or DF")
            if file != NONE and (file not in self.files or self.is_folder(file)):
                self.note(item.at(at + 8), f"{label}: the current EF, object {file}, is no EF")
            if application != NONE and (application not in self.files or self.files[application].type != "ADF"):
                self.note(item.at(at + 12), f"{label}: the active application, object {application}, is no ADF")
            channels.append({"channel": content[at], "current_record": content[at + 1],
                             "extended_channels": bool(content[at + 2]), "current_df": self.path(folder),
                             "current_ef": self.path(file), "application": self.path(application)})
        for at in range(pins, len(content), 8):
            codes, key = u32(content, at), content[at + 4]
            holder = self.objects.get(codes)
            if not holder or holder.kind != PIN or key not in holder.content[8::16]:
                self.note(item.at(at), f"{label}: object {codes} has no PIN {key:02X}")
            if any(content[at + 5:at + 8]):
                self.note(item.at(at + 5), f"{label}: reserved octets are not 00")
            verified.append({"codes": codes, "key_reference": f"{key:02X}"})
        self.sessions.append({"object": item.number, "owner": item.owner, "resume_token": upper(content[:8]),
                              "channels": channels, "verified": verified})

    # §7.6, §7.8, §7.9

    def read_registry(self):
        self.entries_by_number, self.registry, self.load_files, self.data = {}, [], [], []
        for item in self.of_kind(ENTRY):
            if len(item.content) < 46:
                self.note(item.at(0), f"registry entry {item.number}: shorter than its 46 octets of fields")
            else:
                self.entries_by_number[item.number] = RegistryEntry(item)
        entries = self.entries_by_number.values()
        self.claimed, names, holders = set(), set(), 0
        for entry in entries:
            for index, reason in self.entry_problems(entry, names, holders):
                self.note(entry.object.at(index), f"registry entry {entry.number}: {reason}")
            names.add((entry.kind == MODULE, entry.aid))
            holders |= entry.privileges & (RESET | FINAL)
            self.registry.append(self.describe_entry(entry))
        issuers = [entry for entry in entries if entry.is_issuer]
        for entry in issuers[1:] or (list(entries)[:1] if not issuers else []):
            self.note(entry.object.at(24), f"registry entry {entry.number}: {len(issuers)} issuer security domains")
        for file in self.files.values():
            if issuers and file.type == "ADF" and file.number not in self.claimed:
                self.note(file.object.at(0), f"file {self.paths[file.number]}: has no registry entry")
        for item in self.of_kind(LOAD_FILE) + self.of_kind(DATA):
            if item.number not in self.claimed:
                self.note(item.at(0), f"{KINDS[item.kind]} {item.number}: belongs to no registry entry")
        for item in self.of_kind(LOAD_FILE):
            self.load_files.append({"object": item.number, "owner": item.owner, "block": upper(item.content[4:]),
                                    "entry": u32(item.content, 0)})
        for item in self.of_kind(DATA):
            self.data.append({"object": item.number, "owner": item.owner, "content": upper(item.content)})

    def entry_problems(self, entry, names, holders):
        """(offset in the content, reason) of each."""
        application = entry.kind == APPLICATION
        if entry.kind not in ENTRY_KINDS:
            yield 0, f"kind {entry.kind:02X}"
        if not self.fitting_state(entry):
            yield 1, f"the state {entry.state:02X}, before a lock {entry.before:02X}"
        privileges = entry.privileges
        if privileges and not application:
            yield 3, "privileges, but no application"
        elif not self.fitting_privileges(privileges):
            yield 3, f"the privileges {privileges:06X} do not go together"
        if privileges & holders:
            yield 3, "another application has Card Reset or Final Application"
        if not 5 <= entry.aid_length <= 16:
            yield 6, f"an AID of {entry.aid_length} octets"
        elif not erased(entry.padding):
            yield 7, "octets behind the AID"
        if (entry.kind == MODULE, entry.aid) in names:
            yield 7, f"the AID {upper(entry.aid)} twice"
        programs = {APPLICATION: (1,) if entry.is_domain else (2, 3, 4), MODULE: PROGRAMS}.get(entry.kind, (0,))
        if entry.program not in programs:
            yield 23, f"the program {entry.program:02X}"
        yield from self.domain_problems(entry)
        yield from self.reference_problems(entry)
        if entry.version and entry.kind != EXECUTABLE_LOAD_FILE:
            yield 40, "a version, but no load file"
        if entry.restrictions > (0xFF if application else 0):
            yield 42, f"restrictions {entry.restrictions:04X}"
        if len(entry.object.content) != 46 + entry.attributes_length:
            yield 44, f"{entry.attributes_length} octets of attributes do not fit the object"
        yield from self.entry_attribute_problems(entry)

    @staticmethod
    def fitting_state(entry):
        if entry.kind != APPLICATION:
            return (entry.state, entry.before) == (0x01, 0xFF)
        if entry.is_issuer:
            return entry.state in (0x01, 0x07, 0x0F, 0x7F, 0xFF) and entry.before == 0xFF
        state = entry.state & 0x7F
        if entry.before != (state if entry.state & 0x80 else 0xFF):
            return False
        return state in (0x03, 0x07, 0x0F) or not entry.is_domain and state & 0x07 == 0x07

    @staticmethod
    def fitting_privileges(privileges):
        return not (privileges & 0x0F or privileges & DOMAINS_ONLY and not privileges & SECURITY_DOMAIN
                    or privileges & MANDATED_DAP and not privileges & DAP
                    or privileges & DELEGATED and privileges & (AUTHORIZED | TOKENS | RECEIPTS))

    def domain_problems(self, entry):
        if entry.is_issuer:
            return
        domain = self.entries_by_number.get(entry.domain)
        if domain is None or not domain.is_domain:
            yield 24, f"object {entry.domain} is no security domain"
            return
        seen, at = {entry.number}, domain
        while at and at.number not in seen:
            seen.add(at.number)
            at = self.entries_by_number.get(at.domain)
        if at:
            yield 24, "its security domains form a ring"
        above = self.owners.get(entry.owner, {}).get("parent")
        if entry.program != 2 and domain.owner not in (entry.owner, above):
            yield 0, f"owner {entry.owner} does not belong to that of its security domain, {domain.owner}"

    def reference_problems(self, entry):
        file = self.entries_by_number.get(entry.load_file)
        if entry.load_file == NONE:
            if entry.kind == MODULE:
                yield 28, "a module without a load file"
        elif file is None or file.kind != EXECUTABLE_LOAD_FILE or entry.kind == EXECUTABLE_LOAD_FILE:
            yield 28, f"object {entry.load_file} is no load file of it"
        if entry.is_network_access:
            file = self.files.get(entry.content)
            if file is None or file.type != "ADF":
                yield 32, f"object {entry.content} is no ADF"
            else:
                yield from self.claim(entry, entry.content, 32)
                if file.name != "ADF." + upper(entry.aid):
                    yield 7, f"the ADF is {file.name}"
        elif entry.content != NONE and not entry.is_domain:
            item = self.objects.get(entry.content)
            if (entry.kind != EXECUTABLE_LOAD_FILE or item is None or item.kind != LOAD_FILE
                    or u32(item.content, 0) != entry.number or len(item.content) < 4):
                yield 32, f"object {entry.content} is no load file that names it"
            else:
                yield from self.claim(entry, entry.content, 32)
        if entry.data != NONE:
            item = self.objects.get(entry.data)
            if entry.kind != APPLICATION or item is None or item.kind != DATA:
                yield 36, f"object {entry.data} is no application data of it"
            else:
                yield from self.claim(entry, entry.data, 36)
                if entry.is_domain:
                    self.check_data(item)
                elif entry.program == 3 and self.is_known:
                    self.check_rules(item)
        elif entry.kind == APPLICATION and entry.program == 3:
            yield 36, "an access rule application without data"

    def claim(self, entry, object_number, index):
        if object_number in self.claimed:
            yield index, f"object {object_number} has another entry"
        self.claimed.add(object_number)
        if self.objects[object_number].owner != entry.owner:
            yield index, f"object {object_number} has another owner"

    def check_data(self, item):
        label, seen = f"application data {item.number}", set()
        try:
            found = data_objects(item.content)
        except ValueError as error:
            return self.note(item.at(error.args[0]), f"{label}: no list of BER-TLV objects")
        for at, tag, value in found:
            name = (tag, bytes(value[:2]) if tag == "BF21" else b"")
            if name in seen:
                self.note(item.at(at), f"{label}: {tag} twice")
            if tag == "BF21" and len(value) < 2:
                self.note(item.at(at), f"{label}: certificates without the reference of their key")
            seen.add(name)

    def check_rules(self, item):
        """§7.9: what an access rule application keeps."""
        label, seen = f"application data {item.number}", set()
        content = bytes(item.content)
        if len(content) < 9 or content[0] > 1:
            return self.note(item.at(0), f"{label}: no header of access rules")
        try:
            found = data_objects(content[9:])
        except ValueError as error:
            return self.note(item.at(9 + error.args[0]), f"{label}: no list of access rules")
        for start, tag, value in found:
            problem = rule_problem(value) if tag == "E2" else f"the data object {tag}"
            whole = data_object(tag, value)
            if problem is None and content[9 + start:9 + start + len(whole)] != whole:
                problem = "a length that has not the shortest form"
            if problem is None and len(whole) > 1_024:
                problem = f"a rule of {len(whole)} octets"
            if problem is None:
                reference = data_objects(value)[0][2]
                problem = "two rules for the same" if reference in seen else None
                seen.add(reference)
            if problem:
                return self.note(item.at(9 + start), f"{label}: {problem}")

    def entry_attribute_problems(self, entry):
        try:
            found = data_objects(entry.attributes)
        except ValueError as error:
            yield 46 + error.args[0], "the attributes are no list of BER-TLV objects"
            return
        for at, tag, value in found:
            if tag not in ENTRY_ATTRIBUTES and self.is_known or tag == "C9" and not entry.is_domain:
                yield 46 + at, f"the attribute {tag}"
            if tag in ("C7", "D7") and len(value) not in (2, 4):
                yield 46 + at, f"{len(value)} octets of the attribute {tag}"
            if tag == "C9":
                try:
                    data_objects(value)
                except ValueError:
                    yield 46 + at, "the parameters are no list of BER-TLV objects"

    @staticmethod
    def named(object_number):
        return None if object_number == NONE else object_number

    def describe_entry(self, entry):
        return {
            "object": entry.number, "owner": entry.owner, "kind": ENTRY_KINDS.get(entry.kind), "aid": upper(entry.aid),
            "state": f"{entry.state:02X}", "state_before_lock": None if entry.before == 0xFF else f"{entry.before:02X}",
            "privileges": f"{entry.privileges:06X}", "program": PROGRAMS.get(entry.program),
            "security_domain": self.named(entry.domain), "load_file": self.named(entry.load_file),
            "content": self.named(entry.content), "data": self.named(entry.data),
            "version": f"{entry.version >> 8}.{entry.version & 255}", "restrictions": f"{entry.restrictions:04X}",
            "attributes": upper(entry.attributes)}

    # §7.7

    def read_key_sets(self):
        self.key_sets, listed = [], set()
        domains = [entry for entry in self.entries_by_number.values() if entry.is_domain]
        for domain in domains:
            self.follow_key_sets(domain, listed)
        for item in self.of_kind(KEY_SET):
            label = f"key set {item.number}"
            if len(item.content) < 20:
                self.note(item.at(0), f"{label}: shorter than its 20 octets of fields")
                continue
            if item.number not in listed:
                self.note(item.at(0), f"{label}: in no list")
            for index, reason in self.key_set_problems(item.content):
                self.note(item.at(index), f"{label}: {reason}")
            self.key_sets.append(self.describe_key_set(item))

    def follow_key_sets(self, domain, listed):
        at, following, versions = domain.object.at(32), domain.content, set()
        while following != NONE:
            item = self.objects.get(following)
            if (item is None or item.kind != KEY_SET or len(item.content) < 20 or item.owner != domain.owner
                    or u32(item.content, 0) != domain.number or following in listed):
                return self.note(at, f"registry entry {domain.number}: object {following} is no further key set of it")
            listed.add(following)
            if item.content[8] in versions:
                self.note(item.at(8), f"key set {item.number}: version {item.content[8]:02X} twice")
            versions.add(item.content[8])
            at, following = item.at(4), u32(item.content, 4)

    def key_set_problems(self, content):
        """(offset in the content, reason) of each."""
        version, purpose, option = content[8:11]
        if not (1 <= version <= 0x7F or version == 0xFF):
            yield 8, f"version {version:02X}"
        if self.is_known and not erased(content[17:20]):
            yield 17, "reserved octets are not erased"
        try:
            keys = keys_of(content)
        except ValueError as error:
            yield error.args[0], "no key stands here"
            return
        seen, right = set(), True
        for key in keys:
            reason = "twice" if key.identifier in seen else key.problem()
            seen.add(key.identifier)
            if reason:
                right = False
                yield key.at, f"key {key.identifier:02X}: {reason}"
        if not keys:
            yield 9, "no keys"
        elif right and purpose_of(version, keys) != purpose:
            yield 9, f"{purpose:02X} is not what the keys are for"
        elif right and not fitting_option(purpose, option):
            yield 10, f"the option {option:02X}"

    def describe_key_set(self, item):
        content = item.content
        try:
            keys = [{"identifier": f"{key.identifier:02X}", "usage": f"{key.usage:04X}", "access": f"{key.access:02X}",
                     "components": " ".join(f"{kind:02X}:{upper(value)}" for kind, value in key.components)}
                    for key in keys_of(content)]
        except ValueError:
            keys = []
        packets = content[9] == 0x80
        counter = int.from_bytes(content[11:16], "big") if packets else u32(content, 12)
        return {"object": item.number, "owner": item.owner, "security_domain": u32(content, 0),
                "next": self.named(u32(content, 4)), "version": f"{content[8]:02X}", "purpose": f"{content[9]:02X}",
                "option": f"{content[10]:02X}", "failures": 0 if packets else content[11], "counter": counter,
                "limit": content[16], "keys": keys}

    # What the verbs show

    def describe(self, file):
        target = self.target(file)
        body = None if file.structure == "DF" else self.body(file)
        return {
            "path": self.paths[file.number], "type": file.type if file.structure == "DF" else target.structure,
            "owner": file.owner, "object": file.number, "descriptor": f"{file.descriptor:02X}",
            "size": target.size, "record_length": target.record_length,
            "records": target.size // target.record_length if target.record_length else 0,
            "first": target.first, "used": target.used, "sfi": file.short_identifier,
            "life_cycle": f"{file.life_cycle:02X}", "special": f"{file.special:02X}",
            "attributes": upper(file.attributes), "link": self.path(file.link),
            "sha256": None if body is None else hashlib.sha256(body).hexdigest(),
        }

    def tree(self):
        return sorted((self.describe(file) for file in self.files.values()),
                      key=lambda line: (line["path"].split("/"), line["owner"], line["object"]))

    def info(self):
        journal = [{"kind": JOURNAL_KINDS[entry.kind], "offset": entry.offset, "length": entry.length}
                   for entry in self.entries]
        kinds = Counter(item.kind for item in self.objects.values())
        return {
            "format": self.format, "size": self.size, "page": PAGE, "pages": self.pages,
            "regions": [{"name": region.name, "page": region.page, "pages": region.pages,
                         "offset": region.offset} for region in self.regions.values()],
            "owners": list(self.owners.values()), "free_pages": self.free,
            "journal": {"state": self.journal_state, "entries": journal},
            "objects": {KINDS.get(kind, f"kind {kind}"): kinds[kind] for kind in sorted(kinds)},
            "problems": len(self.problems),
        }

    def export(self):
        unknown = [{"object": item.number, "owner": item.owner, "kind": item.kind, "content": upper(item.content)}
                   for item in self.objects.values() if item.kind not in KINDS]
        return {"format": self.format, "size": self.size, "owners": list(self.owners.values()),
                "files": self.tree(), "codes": self.codes, "parameters": self.parameters,
                "headers": self.headers, "sessions": self.sessions, "registry": self.registry,
                "key_sets": self.key_sets, "load_files": self.load_files, "data": self.data, "unknown": unknown}


def show_json(value):
    print(json.dumps(value, indent=2, sort_keys=True))


def show_info(info):
    print(f"format {info['format']}, {info['size']} octets, {info['pages']} pages of {info['page']}")
    for region in info["regions"]:
        print(f"region {region['name']}: page {region['page']}, {region['pages']} pages, offset {region['offset']:06X}")
    for owner in info["owners"]:
        parent = "none" if owner["parent"] is None else owner["parent"]
        quota = "no limit" if owner["quota"] is None else owner["quota"]
        print(f"owner {owner['owner']}: belongs to {parent}, uses {owner['used']}, quota {quota}, "
              f"reserved {owner['reserved']}")
    print(f"free pages: {info['free_pages']}")
    print(f"journal: {info['journal']['state']}")
    for entry in info["journal"]["entries"]:
        print(f"  {entry['kind']} {entry['offset']:06X} {entry['length']}")
    for kind, count in info["objects"].items():
        print(f"objects, {kind}: {count}")
    print(f"inconsistencies: {info['problems']}")


def show_tree(lines):
    for line in lines:
        text = f"{line['path']} {line['type']} size={line['size']}"
        if line["record_length"]:
            text += f" records={line['records']}x{line['record_length']}"
        text += f" sfi={line['sfi']:02X} lcs={line['life_cycle']} owner={line['owner']}"
        text += f" attributes={line['attributes']}"
        print(text + (f" -> {line['link']}" if line["link"] else ""))


def show_dump(image):
    export = image.export()
    groups = ("files", "codes", "parameters", "headers", "sessions", "registry", "key_sets", "load_files", "data")
    shown = {entry["object"]: entry for group in groups
             for entry in export[group]}
    for item in image.objects.values():
        print(f"object {item.number}: {KINDS.get(item.kind, f'kind {item.kind}')}, owner {item.owner}, "
              f"{len(item.content)} octets, pages {' '.join(map(str, item.pages))}")
        for key, value in shown.get(item.number, {}).items():
            if isinstance(value, list):
                for entry in value:
                    print(f"  {key}: " + " ".join(f"{name}={field}" for name, field in entry.items()))
            elif key not in ("object", "owner", "kind"):
                print(f"  {key}: {value}")
        for at in range(0, len(item.content), 32):
            print(f"  {at:06X} {upper(item.content[at:at + 32])}")


def show_read(image, arguments):
    found = image.find(arguments.path, arguments.owner)
    if len(found) != 1:
        reason = "no such file" if not found else "several: name the owner with --owner"
        print(f"{arguments.path}: {reason}", file=sys.stderr)
        return 1
    if found[0].structure == "DF":
        print(f"{arguments.path}: not an EF", file=sys.stderr)
        return 1
    body = upper(image.body(found[0]))
    if arguments.json:
        show_json({"path": image.paths[found[0].number], "owner": found[0].owner, "body": body})
    else:
        print(body)
    return 0


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def main(argv=None):
    parser = Parser(prog="image-reader.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=Parser)
    for verb, text in (("info", "superblock, regions, owners, journal, objects by kind"),
                       ("verify", "every inconsistency, with its offset"), ("tree", "the files"),
                       ("read", "the body of one file, in hexadecimal"), ("dump", "the objects one by one"),
                       ("export", "everything, as JSON with sorted keys")):
        sub = verbs.add_parser(verb, help=text, description=text)
        sub.add_argument("image")
        if verb == "read":
            sub.add_argument("path")
            sub.add_argument("--owner", type=int, help="the file of this owner, if several MFs have the path")
        if verb != "dump":
            sub.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    try:
        with open(arguments.image, "rb") as stream:
            image = Image(stream.read(SIZES.stop))
    except (OSError, NotAnImage) as error:
        print(f"{arguments.image}: {error}", file=sys.stderr)
        return 2
    if arguments.verb == "verify":
        if arguments.json:
            show_json([{"offset": offset, "reason": reason} for offset, reason in image.problems])
        else:
            for offset, reason in image.problems:
                print(f"{offset:06X} {reason}")
        return 1 if image.problems else 0
    if arguments.verb == "info":
        (show_json if arguments.json else show_info)(image.info())
    elif arguments.verb == "tree":
        (show_json if arguments.json else show_tree)(image.tree())
    elif arguments.verb == "read":
        return show_read(image, arguments)
    elif arguments.verb == "dump":
        show_dump(image)
    else:
        show_json(image.export())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
