"""Checks image-reader.py on images made here, by docs/memory-image.md. Run: python3 tools/image_reader_test.py"""

import contextlib
import hashlib
import importlib.util
import io
import json
import pathlib
import random
import struct
import tempfile
import unittest
import zlib

SOURCE = pathlib.Path(__file__).with_name("image-reader.py")
spec = importlib.util.spec_from_file_location("image_reader", SOURCE)
reader = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reader)

NONE = 0xFFFFFFFF
# For 65,536 octets (section 2): 1,024 pages, journal of 4,096 octets = 64 pages, page table of 4,096 octets = 64 pages.
SIZE, JOURNAL, TABLE, DATA = 65_536, 33, 97, 161
FREE_MARK = b"\xFF" * 4


def entry(kind, offset=0, length=0, before=b""):
    """A journal entry (section 5)."""
    head = bytes([kind]) + offset.to_bytes(3, "big") + struct.pack(">I", length) + before
    return head + struct.pack(">I", zlib.crc32(head))


def file(parent, identifier, descriptor, body=b"", *, attributes=b"", sfi=0, record=0, first=0, used=0, link=NONE,
         life_cycle=5):
    """A file object (section 7.1)."""
    return struct.pack(">IHBBBBHHIIIH", parent, identifier, descriptor, life_cycle, sfi, 0, record, first, len(body),
                       used, link, len(attributes)) + attributes + body


def code(key, value, attributes=0, tries=0x33, unblocked_by=0, replaced_by=0):
    """An entry of PIN codes or unblocking codes (section 7.2)."""
    return bytes([key, attributes, tries, unblocked_by, replaced_by]) + b"\xFF" * 3 + value


class Builder:
    """Makes an image of 65,536 octets. Pages are given out in the order of `order`, if there is one."""

    def __init__(self, order=(), minor=0):
        self.octets = bytearray(b"\xFF" * SIZE)
        block = b"VEUICC\r\n" + struct.pack(">HHIIIIIII", 1, minor, SIZE, 64, 1, JOURNAL, 64, TABLE, DATA) + b"\xFF" * 20
        self.put(0, block + struct.pack(">I", zlib.crc32(block)))
        self.order = list(order) + [page for page in range(DATA, 1024) if page not in order]
        self.owner(0)

    def put(self, offset, octets):
        self.octets[offset:offset + len(octets)] = octets

    def superblock(self, offset, octets):
        self.put(offset, octets)
        self.put(60, struct.pack(">I", zlib.crc32(self.octets[:60])))

    def owner(self, number, parent=0xFF, quota=NONE, reserved=0xFFFF):
        self.put(64 + 8 * number, bytes([1, parent]) + struct.pack(">HI", reserved, quota))

    def table(self, page, tag, kind, owner, following):
        self.put(TABLE * 64 + 4 * page, struct.pack(">I", tag << 30 | kind << 26 | owner << 18 | following))

    def object(self, kind, owner, content):
        raw = struct.pack(">I", len(content)) + content
        parts = [raw[at:at + 64] for at in range(0, len(raw), 64)]
        pages, self.order = self.order[:len(parts)], self.order[len(parts):]
        for index, page in enumerate(pages):
            following = pages[index + 1] if index + 1 < len(pages) else 0x3FFFF
            self.table(page, 2 if index else 1, 0 if index else kind, owner, following)
            self.put(page * 64, parts[index])
        return pages[0]

    def journal(self, octets):
        self.put(JOURNAL * 64, octets)


def authentication(context):
    """§7.3: TUAK, a bootstrapping, and SEQ equal to IND."""
    numbers = b"".join(number.to_bytes(6, "big") for number in [2 ** 28, 2 ** 28, *range(32)])
    additions = b"".join(number.to_bytes(16, "big") for number in (0, 1, 2, 4, 8))
    return (struct.pack(">II", context, NONE) + bytes.fromhex("02 01 02 01 10 FFFFFF") + b"\x11" * 16 + b"\xFF" * 16
            + b"\x22" * 32 + bytes((64, 0, 32, 64, 96)) + additions + numbers + bytes(3)
            + bytes((32,)) + b"\x33" * 16 + b"\x44" * 32 + b"\xFF" * 32)


def card(order=()):
    """A builder with a small card, and the objects of its files by name."""
    made = Builder(order)
    made.owner(1, 0, 4096)
    at = {}
    at["MF"] = made.object(1, 1, file(NONE, 0x3F00, 0x78, attributes=bytes.fromhex("8B032F0601C603010A0B")))
    at["ICCID"] = made.object(1, 1, file(at["MF"], 0x2FE2, 0x41, bytes(range(10)), sfi=2))
    at["TELECOM"] = made.object(1, 1, file(at["MF"], 0x7F10, 0x78))
    records = b"".join(bytes([0x10 * index]) * 28 for index in range(1, 6))
    at["ADN"] = made.object(1, 1, file(at["TELECOM"], 0x6F3A, 0x42, records, record=28, sfi=7))
    at["ACM"] = made.object(1, 1, file(at["TELECOM"], 0x6F39, 0x46, bytes.fromhex("AAAABBBBCCCC"), record=2, first=2))
    tlv = bytes.fromhex("80020102") + b"\xFF" * 6
    at["BT"] = made.object(1, 1, file(at["TELECOM"], 0x6F50, 0x79, tlv, used=4))
    at["USIM"] = made.object(1, 1, file(at["MF"], 0xFFFF, 0x78, attributes=bytes.fromhex("8407A0000000871002")))
    at["LINK"] = made.object(1, 1, file(at["USIM"], 0x6F3B, 0x42, link=at["ADN"], sfi=5))
    at["FOLDER"] = made.object(1, 1, file(at["USIM"], 0x5F3A, 0x78, link=at["TELECOM"]))
    at["PIN"] = made.object(2, 1, struct.pack(">II", at["MF"], NONE)
                            + code(0x01, b"1234\xFF\xFF\xFF\xFF", 7, 0x33, 0x01) + code(0x0A, b"87654321", 3, 0xA9))
    at["PUK"] = made.object(3, 1, struct.pack(">II", at["MF"], NONE) + code(0x01, b"11223344", 0, 0xAA))
    at["SHARED"] = made.object(2, 1, struct.pack(">II", at["USIM"], at["MF"]))
    at["AKA"] = made.object(4, 1, authentication(at["USIM"]))
    at["MAPPED"] = made.object(4, 1, struct.pack(">IIB", at["USIM"], at["USIM"], 6))
    at["HEADER"] = made.object(7, 1, bytes.fromhex("800102810103"))
    session = struct.pack(">BBBBIII", 0, 2, 1, 0, at["TELECOM"], at["ADN"], at["USIM"])
    at["SESSION"] = made.object(6, 0, b"RESUMEME\x01" + session + struct.pack(">IBBH", at["PIN"], 0x0A, 0, 0))
    return made, at


def registry_entry(kind, aid, *, state=1, privileges=0, program=0, domain=NONE, load_file=NONE, content=NONE,
                   data=NONE, version=0, attributes=b""):
    """A registry entry (section 7.6)."""
    return (bytes([kind, state, 0xFF]) + privileges.to_bytes(3, "big") + bytes([len(aid)]) + aid.ljust(16, b"\xFF")
            + bytes([program]) + struct.pack(">IIIIHHH", domain, load_file, content, data, version, 0, len(attributes))
            + attributes)


def component(kind, value):
    return bytes([kind]) + struct.pack(">H", len(value)) + value


def key(identifier, *components):
    """A key in a key set (section 7.7)."""
    whole = b"".join(components)
    return bytes([identifier, 0, 0, 0xFF]) + struct.pack(">H", len(whole)) + whole


def key_set(domain, following, version, purpose, option, *keys):
    """A key set (section 7.7)."""
    return (struct.pack(">IIBBBBIB", domain, following, version, purpose, option, 0, 0, 255) + b"\xFF" * 3
            + b"".join(keys))


def registry():
    """A builder of format 1.1 with an issuer security domain, one below it, key sets, a load file, and an ADF."""
    made, at = Builder(minor=1), {}
    made.owner(1, 0, 4096, 32)
    made.owner(2, 1, 1024)
    # Objects name each other: their pages are known before they are made.
    for index, name in enumerate(("ISSUER", "DOMAIN", "FILE", "MODULE", "USIM", "KEYS", "MORE", "BLOCK", "DATA", "MF",
                                  "ADF", "ARA-M", "RULES")):
        at[name] = 700 + 8 * index

    def put(name, kind, owner, content):
        made.order = [at[name] + index for index in range(8)]
        made.object(kind, owner, content)

    aid = bytes.fromhex("A0000000871002")
    put("ISSUER", 8, 0, registry_entry(1, b"ISSUER", state=0x0F, privileges=0x9EFE80, program=1, load_file=at["FILE"]))
    put("DOMAIN", 8, 1, registry_entry(1, b"DOMAIN", state=0x0F, privileges=0x800000, program=1, domain=at["ISSUER"],
                                       load_file=at["FILE"], content=at["KEYS"], data=at["DATA"],
                                       attributes=bytes.fromhex("C7020100C90481020370")))
    put("FILE", 8, 0, registry_entry(2, b"FILE-0", domain=at["ISSUER"], content=at["BLOCK"], version=0x0102))
    put("MODULE", 8, 0, registry_entry(3, b"FILE-0", domain=at["ISSUER"], load_file=at["FILE"], program=1))
    put("USIM", 8, 2, registry_entry(1, aid, state=7, program=2, domain=at["ISSUER"], content=at["ADF"]))
    three = [key(number, component(0x88, bytes(16))) for number in (1, 2, 3)]
    put("KEYS", 9, 1, key_set(at["DOMAIN"], at["MORE"], 0x30, 0x03, 0x70, *three))
    put("MORE", 9, 1, key_set(at["DOMAIN"], NONE, 0x60, 0x11, 0x00,
                              key(0x11, component(0xB1, b"\x11" * 32), component(0xF0, b"\x03"))))
    put("BLOCK", 10, 0, struct.pack(">I", at["FILE"]) + b"block")
    put("DATA", 11, 1, bytes.fromhex("4202AABB BF21020130 BF21020230"))
    put("ARA-M", 8, 0, registry_entry(1, b"ARA-M", state=7, program=3, domain=at["ISSUER"], data=at["RULES"]))
    put("RULES", 11, 0, bytes(9) + bytes.fromhex("E218 E10A4F06FFFFFFFFFFFFC100 E30ADB080000000000000001"
                                                 "E209 E102C100 E303D00101"))
    put("MF", 1, 2, file(NONE, 0x3F00, 0x78))
    put("ADF", 1, 2, file(at["MF"], 0xFFFF, 0x78, attributes=b"\x84\x07" + aid))
    return made, at


def image(made):
    return reader.Image(bytes(made.octets))


def run(octets, *arguments):
    """(exit status, standard output, standard error) of a verb on a file with `octets`, which must stay as it is."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "card.image")
        path.write_bytes(octets)
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            status = reader.main([arguments[0], str(path), *arguments[1:]])
        if path.read_bytes() != octets:
            raise AssertionError("the reader wrote to the image")
        return status, output.getvalue(), errors.getvalue()


class Superblock(unittest.TestCase):
    def test_default_size_has_the_regions_of_section_2(self):
        regions = [(region.page, region.pages) for region in reader.regions_of(524_288).values()]
        self.assertEqual(regions, [(0, 1), (1, 32), (33, 512), (545, 512), (1057, 7135)])

    def test_limits_of_the_journal(self):
        self.assertEqual(reader.regions_of(65_536)["journal"].pages, 64)
        self.assertEqual(reader.regions_of(16_773_120)["journal"].pages, 1024)

    def test_crc_of_section_1(self):
        self.assertEqual(zlib.crc32(b"123456789"), 0xCBF43926)

    def test_an_empty_card_is_consistent(self):
        self.assertEqual(run(bytes(Builder().octets), "verify"), (0, "", ""))

    def test_what_is_no_image(self):
        whole = bytes(Builder().octets)
        newer, odd = Builder(), Builder()
        newer.superblock(8, b"\x00\x02")
        odd.superblock(12, struct.pack(">I", SIZE - 64))
        for octets, reason in ((b"", "magic"), (whole[:40], "truncated"), (whole[:-1], "truncated"),
                               (b"\x7FELF" + whole[4:], "magic"), (bytes(newer.octets), "format 2.0"),
                               (bytes(odd.octets), "no size")):
            status, output, errors = run(octets, "verify")
            self.assertEqual((status, output), (2, ""))
            self.assertIn(reason, errors)

    def test_no_file(self):
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(reader.main(["info", "/no such file"]), 2)

    def test_wrong_command_line(self):
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit) as caught:
            reader.main(["write", "card.image"])
        self.assertEqual(caught.exception.code, 64)

    def test_a_higher_minor_version_is_passed_over(self):
        made, _ = card()
        made.superblock(10, b"\x00\x07")
        made.superblock(40, b"\x12\x34")
        made.object(12, 1, b"of the future")
        made.put(64 + 2, b"\x00\x00")
        self.assertEqual(image(made).problems, [])
        unknown = image(made).export()["unknown"]
        self.assertEqual([(item["kind"], item["content"]) for item in unknown], [(12, b"of the future".hex().upper())])


class Contents(unittest.TestCase):
    def setUp(self):
        self.made, self.at = card()
        self.octets = bytes(self.made.octets)

    def test_the_card_is_consistent(self):
        self.assertEqual(image(self.made).problems, [])
        self.assertEqual(run(self.octets, "verify", "--json"), (0, "[]\n", ""))

    def test_scattered_pages_give_the_same_bodies(self):
        made, _ = card(order=[1023, 200, 161, 900, 162, 400, 399, 398, 700, 500, 163, 1022])
        self.assertEqual(image(made).problems, [])
        self.assertEqual([line["sha256"] for line in image(made).tree()],
                         [line["sha256"] for line in image(self.made).tree()])

    def test_tree(self):
        status, output, _ = run(self.octets, "tree")
        self.assertEqual(status, 0)
        self.assertEqual(output.splitlines(), [
            "3F00 MF size=0 sfi=00 lcs=05 owner=1 attributes=8B032F0601C603010A0B",
            "3F00/2FE2 TR size=10 sfi=02 lcs=05 owner=1 attributes=",
            "3F00/7F10 DF size=0 sfi=00 lcs=05 owner=1 attributes=",
            "3F00/7F10/6F39 CY size=6 records=3x2 sfi=00 lcs=05 owner=1 attributes=",
            "3F00/7F10/6F3A LF size=140 records=5x28 sfi=07 lcs=05 owner=1 attributes=",
            "3F00/7F10/6F50 BT size=10 sfi=00 lcs=05 owner=1 attributes=",
            "3F00/ADF.A0000000871002 ADF size=0 sfi=00 lcs=05 owner=1 attributes=8407A0000000871002",
            "3F00/ADF.A0000000871002/5F3A DF size=0 sfi=00 lcs=05 owner=1 attributes= -> 3F00/7F10",
            "3F00/ADF.A0000000871002/6F3B LF size=140 records=5x28 sfi=05 lcs=05 owner=1 attributes= -> 3F00/7F10/6F3A",
        ])

    def test_read(self):
        records = "".join(f"{0x10 * index:02X}" * 28 for index in range(1, 6))
        for path, body in (("3F00/2FE2", "00010203040506070809"), ("3F00/7F10/6F3A", records),
                           # The ring begins at its third record: that is number 1.
                           ("3F00/7F10/6F39", "CCCCAAAABBBB"), ("3F00/7F10/6F50", "80020102FFFFFFFFFFFF"),
                           ("3f00/adf.a0000000871002/6f3b", records),
                           # Through a link to a DF.
                           ("3F00/ADF.A0000000871002/5F3A/6F39", "CCCCAAAABBBB")):
            self.assertEqual(run(self.octets, "read", path), (0, body + "\n", ""))
        self.assertEqual(json.loads(run(self.octets, "read", "3F00/2FE2", "--json")[1]),
                         {"path": "3F00/2FE2", "owner": 1, "body": "00010203040506070809"})

    def test_read_of_what_has_no_body(self):
        for path in ("3F00/6F99", "3F00/7F10", "", "#", "#9999"):
            status, output, errors = run(self.octets, "read", path)
            self.assertEqual((status, output), (1, ""))
            self.assertIn(path, errors)

    def test_two_profiles_have_each_its_own_mf(self):
        self.made.owner(2, 0)
        other = self.made.object(1, 2, file(NONE, 0x3F00, 0x78))
        self.made.object(1, 2, file(other, 0x2FE2, 0x41, b"\x98\x76"))
        octets = bytes(self.made.octets)
        self.assertEqual(run(octets, "verify")[0], 0)
        self.assertEqual(run(octets, "read", "3F00/2FE2")[0], 1)
        self.assertEqual(run(octets, "read", "3F00/2FE2", "--owner", "2")[1], "9876\n")

    def test_info(self):
        info = json.loads(run(self.octets, "info", "--json")[1])
        used = len([1 for page in range(DATA, 1024)
                    if self.made.octets[TABLE * 64 + 4 * page:][:4] != FREE_MARK])
        self.assertEqual(info["free_pages"], 1024 - DATA - used)
        self.assertEqual(info["owners"], [
            {"owner": 0, "parent": None, "quota": None, "reserved": 0, "used": 64},
            {"owner": 1, "parent": 0, "quota": 4096, "reserved": 0, "used": 64 * (used - 1)}])
        self.assertEqual(info["journal"], {"state": "closed", "entries": []})
        self.assertEqual(info["objects"], {
            "file": 9, "PIN codes": 2, "unblocking codes": 1, "authentication parameters": 2,
            "suspended session": 1, "profile header": 1})
        self.assertIn("journal: closed\n", run(self.octets, "info")[1])

    def test_export(self):
        status, output, _ = run(self.octets, "export", "--json")
        export = json.loads(output)
        self.assertEqual(output, json.dumps(export, indent=2, sort_keys=True) + "\n")
        files = {line["path"]: line for line in export["files"]}
        self.assertEqual(files["3F00/7F10/6F39"]["sha256"],
                         hashlib.sha256(bytes.fromhex("CCCCAAAABBBB")).hexdigest())
        self.assertEqual(files["3F00/ADF.A0000000871002/6F3B"]["sha256"], files["3F00/7F10/6F3A"]["sha256"])
        self.assertIsNone(files["3F00"]["sha256"])
        pins = next(item for item in export["codes"] if item["object"] == self.at["PIN"])
        self.assertEqual(pins["context"], "3F00")
        self.assertEqual(pins["entries"][1], {
            "key_reference": "0A", "attributes": "03", "tries": 10, "tries_left": 9, "unblocked_by": "00",
            "replaced_by": "00", "value": "3837363534333231"})
        shared = next(item for item in export["codes"] if item["object"] == self.at["SHARED"])
        self.assertEqual((shared["context"], shared["codes_of"]), ("3F00/ADF.A0000000871002", "3F00"))
        own = next(item for item in export["parameters"] if item["object"] == self.at["AKA"])
        self.assertEqual((own["context"], own["algorithm"]), ("3F00/ADF.A0000000871002", "TUAK"))
        self.assertEqual((own["key"], own["opc"]), ("11" * 16, "22" * 32))
        self.assertEqual((own["rotations"], own["additions"][-32:]), ("4000204060", "00" * 15 + "08"))
        self.assertEqual(own["sequences"], " ".join(map(str, range(32))))
        self.assertEqual((own["authentication_limit"], own["authentications"]), (None, 0))
        self.assertEqual((own["random"], own["ks"]), ("33" * 16, "44" * 32))
        mapped = next(item for item in export["parameters"] if item["object"] == self.at["MAPPED"])
        self.assertEqual((mapped["parameters_of"], mapped["mapping_options"]), ("3F00/ADF.A0000000871002", "06"))
        self.assertEqual(export["headers"][0]["members"], "800102810103")
        self.assertEqual(export["sessions"][0]["channels"], [{
            "channel": 0, "current_record": 2, "extended_channels": True, "current_df": "3F00/7F10",
            "current_ef": "3F00/7F10/6F3A", "application": "3F00/ADF.A0000000871002"}])
        self.assertEqual(export["sessions"][0]["verified"], [{"codes": self.at["PIN"], "key_reference": "0A"}])

    def test_dump_shows_each_object(self):
        output = run(self.octets, "dump")[1]
        for number in self.at.values():
            self.assertIn(f"object {number}: ", output)
        self.assertIn("value=31323334FFFFFFFF", output)


class Registry(unittest.TestCase):
    """Format 1.1: sections 7.6 to 7.9, and what owners take (section 4)."""

    def setUp(self):
        self.made, self.at = registry()

    def reasons(self):
        return [reason for _, reason in image(self.made).problems]

    def test_the_card_is_consistent(self):
        self.assertEqual(image(self.made).problems, [])

    def test_export(self):
        export = json.loads(run(bytes(self.made.octets), "export")[1])
        entries = {line["object"]: line for line in export["registry"]}
        domain = entries[self.at["DOMAIN"]]
        self.assertEqual((domain["aid"], domain["state"], domain["privileges"], domain["program"]),
                         (b"DOMAIN".hex().upper(), "0F", "800000", "security domain"))
        self.assertEqual((domain["security_domain"], domain["content"], domain["data"]),
                         (self.at["ISSUER"], self.at["KEYS"], self.at["DATA"]))
        self.assertEqual(domain["attributes"], "C7020100C90481020370")
        self.assertEqual(entries[self.at["FILE"]]["version"], "1.2")
        keys = {line["object"]: line for line in export["key_sets"]}
        self.assertEqual(keys[self.at["KEYS"]]["next"], self.at["MORE"])
        self.assertEqual((keys[self.at["MORE"]]["version"], keys[self.at["MORE"]]["purpose"]), ("60", "11"))
        self.assertEqual([line["components"] for line in keys[self.at["MORE"]]["keys"]], ["B1:" + "11" * 32 + " F0:03"])
        self.assertEqual(export["load_files"][0]["block"], b"block".hex().upper())
        self.assertEqual(export["data"][0]["content"], "4202AABBBF21020130BF21020230")
        self.assertEqual(export["unknown"], [])

    def test_format_1_0_has_none_of_it(self):
        self.made.superblock(10, b"\x00\x00")
        reasons = " ".join(self.reasons())
        for kind in (8, 9, 10, 11):
            self.assertIn(f"reserved kind {kind}", reasons)
        self.assertIn((64 + 8 + 2, "reserved octets are not erased"), image(self.made).problems)

    def test_what_owners_take(self):
        info = json.loads(run(bytes(self.made.octets), "info", "--json")[1])
        owners = {line["owner"]: line for line in info["owners"]}
        self.assertEqual((owners[1]["reserved"], owners[1]["used"], owners[2]["used"]), (2048, 64 * 6, 64 * 3))
        for change, offset, reason in (
            # What belongs to owner 1 counts for it.
            (lambda: self.made.owner(1, 0, 64 * 8), 4, "takes 576 octets of 512"),
            (lambda: self.made.owner(1, 0, 64 * 9), 4, None),
            # What owner 2 has reserved counts too.
            (lambda: self.made.owner(2, 1, NONE, 8), 4, "takes 896 octets of 576"),
            (lambda: self.made.owner(1, 0, 64, 2), 2, "reserves 128 octets of 64"),
            (lambda: self.made.owner(1, 0, NONE, 900), 2, "of 55232"),
        ):
            change()
            problems = image(self.made).problems
            if reason is None:
                self.assertEqual(problems, [])
            else:
                self.assertTrue(any(reason in text and at % 8 == offset for at, text in problems), problems)

    def test_each_damage(self):
        for name, offset, octets, reason in (
            ("DOMAIN", 0, b"\x04", "kind 04"), ("DOMAIN", 1, b"\x05", "the state 05"),
            ("DOMAIN", 2, b"\x07", "before a lock 07"), ("DOMAIN", 3, b"\x80\x00\x01", "do not go together"),
            ("USIM", 3, b"\x40", "do not go together"), ("FILE", 3, b"\x04", "no application"),
            ("DOMAIN", 3, b"\x84", "another application has"), ("DOMAIN", 6, b"\x04", "AID of 4 octets"),
            ("DOMAIN", 6, b"\x05", "octets behind the AID"), ("DOMAIN", 7, b"ISSUER", "twice"),
            ("DOMAIN", 23, b"\x02", "the program 02"), ("DOMAIN", 24, struct.pack(">I", 7), "is no security domain"),
            ("DOMAIN", 24, struct.pack(">I", 708), "form a ring"), ("DOMAIN", 24, FREE_MARK, "2 issuer security"),
            ("ISSUER", 3, b"\x1E", "0 issuer security"), ("MODULE", 28, FREE_MARK, "without a load file"),
            ("USIM", 28, struct.pack(">I", 7), "no load file of it"), ("USIM", 32, struct.pack(">I", 7), "is no ADF"),
            ("USIM", 32, FREE_MARK, "has no registry entry"), ("USIM", 7, b"B", "the ADF is"),
            ("BLOCK", 0, struct.pack(">I", 7), "no load file that names it"),
            ("FILE", 32, FREE_MARK, "belongs to no registry entry"), ("DOMAIN", 36, FREE_MARK, "belongs to no registry"),
            ("FILE", 36, struct.pack(">I", 764), "no application data"), ("MODULE", 40, b"\x01", "a version"),
            ("FILE", 43, b"\x01", "restrictions 0001"), ("DOMAIN", 45, b"\x04", "do not fit the object"),
            ("DOMAIN", 46, b"\xC1", "the attribute C1"), ("DOMAIN", 47, b"\x7F", "no list of BER-TLV"),
            ("DOMAIN", 53, b"\x03", "the parameters are no list"), ("DATA", 1, b"\x7F", "no list of BER-TLV"),
            ("DATA", 12, b"\x01", "BF21 twice"), ("ARA-M", 36, FREE_MARK, "without data"),
            ("RULES", 0, b"\x02", "no header of access rules"), ("RULES", 9, b"\xE3", "the data object E3"),
            ("RULES", 10, b"\x7F", "no list of access rules"), ("RULES", 11, b"\xE3", "something else than E1 and E3"),
            ("RULES", 13, b"\x4E", "E1 of 4E C1"), ("RULES", 14, b"\x04", "BER-TLV"),
            ("RULES", 25, b"\xD1", "the value of D1"), ("RULES", 45, b"\x02", "the value of D0"),
            ("RULES", 41, b"\xE4", "something else than E1 and E3"),
            ("RULES", 9, bytes.fromhex("E218E102C100E312D010") + bytes(16), "two rules for the same"),
            ("KEYS", 0, struct.pack(">I", 700), "no further key set"), ("KEYS", 4, FREE_MARK, "in no list"),
            ("MORE", 4, struct.pack(">I", 740), "no further key set"), ("MORE", 8, b"\x30", "version 30 twice"),
            ("KEYS", 8, b"\x80", "version 80"), ("KEYS", 9, b"\x02", "not what the keys are for"),
            ("KEYS", 10, b"\x40", "the option 40"), ("KEYS", 17, b"\x00", "reserved"),
            ("KEYS", 20, b"\x81", "top bit"), ("KEYS", 20, b"\x02", "twice"), ("KEYS", 25, b"\xFF", "no key stands"),
            ("KEYS", 26, b"\xA1", "none of a key"), ("MORE", 8, b"\xFE", "version FE"),
        ):
            with self.subTest(reason, name=name, offset=offset):
                self.setUp()
                self.made.put(self.at[name] * 64 + 4 + offset, octets)
                self.assertTrue(any(reason in text for text in self.reasons()), self.reasons())
                self.assertEqual(run(bytes(self.made.octets), "verify")[0], 1)

    def test_owners_of_what_belongs_to_an_entry(self):
        for name, kind, owner, reason in (("DATA", 11, 0, "has another owner"), ("KEYS", 9, 0, "no further key set"),
                                          ("DOMAIN", 8, 2, "does not belong to that of its security domain")):
            self.setUp()
            self.made.table(self.at[name], 1, kind, owner, 0x3FFFF)
            self.assertTrue(any(reason in text for text in self.reasons()), self.reasons())

    def test_what_keys_are_for(self):
        def use(version, *keys):
            return reader.purpose_of(version, reader.keys_of(key_set(0, 0, version, 0, 0, *keys)))

        aes = [key(number, component(0x88, bytes(16))) for number in (1, 2, 3)]
        des = [key(number, component(0x80, bytes(16))) for number in (1, 2, 3)]
        private = key(0x13, component(0xB1, bytes(32)), component(0xF0, b"\x00"))
        for version, keys, purpose in (
            (0x01, aes, 0x80), (0x40, aes, 0x81), (0x30, aes, 0x03), (0x30, aes[:2], 0xFF), (0x30, des, None),
            (0x20, des, 0x02), (0x20, aes, None), (0x50, aes, 0x03), (0x50, des, 0x02), (0x50, aes[:1] + des[1:], 0xFF),
            (0x70, aes, 0xFF), (0x50, [private], 0x11), (0x50, [private, *aes], None), (0xFF, des, 0x02),
        ):
            self.assertEqual(use(version, *keys), purpose, f"{version:02X}")

    def test_any_damage_is_read_to_the_end(self):
        chance = random.Random(2302)
        for _ in range(150):
            self.setUp()
            for _ in range(chance.randrange(1, 40)):
                page = chance.choice([1, *range(TABLE + 43, TABLE + 49), *self.at.values()])
                self.made.put(page * 64 + chance.randrange(60), chance.randbytes(chance.randrange(1, 5)))
            self.assertEqual(run(bytes(self.made.octets), "verify")[0], 1 if image(self.made).problems else 0)
            for verb in ("info", "tree", "dump", "export"):
                self.assertEqual(run(bytes(self.made.octets), verb)[0], 0)


class Journal(unittest.TestCase):
    """A transaction that changes the body of EF.ICCID, allocates page 1000 and gives page 1001 back."""

    def setUp(self):
        self.made, at = card()
        self.old = at["ICCID"] * 64 + 4 + 28
        self.gone = self.made.object(1, 1, file(at["MF"], 0x2F99, 0x41, b"gone"))
        self.mark = TABLE * 64 + 4 * self.gone
        self.before = bytes(self.made.octets)
        self.entries = [
            entry(1, self.old, 10, bytes(range(10))),
            entry(2, TABLE * 64 + 4 * 1000, 4), entry(2, 1000 * 64, 64),
            entry(1, self.mark, 4, bytes(self.made.octets[self.mark:self.mark + 4])),
            entry(3, self.gone * 64, 64)]
        self.made.put(self.old, b"\xEE" * 10)
        new = struct.pack(">I", 32) + file(at["MF"], 0x2F05, 0x41, b"new!")
        self.made.put(1000 * 64, new)
        self.made.table(1000, 1, 1, 1, 0x3FFFF)
        self.made.put(self.mark, FREE_MARK)

    def state(self, journal):
        self.made.journal(journal)
        made = image(self.made)
        self.assertEqual(made.problems, [])
        names = {line["path"] for line in made.tree()}
        return made, made.body(made.find("3F00/2FE2")[0]), names

    def assert_before(self, journal):
        made, body, names = self.state(journal)
        self.assertEqual(body, bytes(range(10)))
        self.assertIn("3F00/2F99", names)
        self.assertNotIn("3F00/2F05", names)
        self.assertEqual(bytes(made.octets), self.before)
        return made

    def test_open_is_rolled_back(self):
        made = self.assert_before(b"".join(self.entries))
        self.assertEqual(made.journal_state, "open")
        self.assertEqual([item.kind for item in made.entries], [1, 2, 2, 1, 3])

    def test_last_entry_is_undone_first(self):
        self.assert_before(b"".join(self.entries) + entry(1, self.old, 10, b"\x77" * 10))

    def test_torn_commit_is_rolled_back(self):
        committed = entry(4)
        for length in range(len(committed)):
            self.made.journal(b"\xFF" * 4096)
            self.assert_before(b"".join(self.entries) + committed[:length])

    def test_committed_is_finished(self):
        made, body, names = self.state(b"".join(self.entries) + entry(4))
        self.assertEqual(made.journal_state, "open, committed")
        self.assertEqual(body, b"\xEE" * 10)
        self.assertIn("3F00/2F05", names)
        self.assertNotIn("3F00/2F99", names)

    def test_closed_but_not_erased(self):
        self.made.put(self.gone * 64, b"\xFF" * 64)
        journal = bytearray(b"".join(self.entries) + entry(4))
        journal[0] |= 0x80
        for octets in (bytes(journal), b"\xFF" * 64 + bytes(journal[64:]), bytes([0xC1]) + bytes(journal[1:])):
            made, body, names = self.state(octets)
            self.assertEqual(made.journal_state, "closed, not erased")
            self.assertEqual(body, b"\xEE" * 10)
            self.assertIn("3F00/2F05", names)

    def test_torn_first_entry(self):
        made, _ = card()
        made.journal(self.entries[0][:-1] + bytes([self.entries[0][-1] ^ 1]))
        self.assertEqual(image(made).journal_state, "closed, not erased")
        self.assertEqual(image(made).problems, [])

    def test_entries_that_name_what_they_must_not(self):
        for octets, reason in ((entry(2, 0, 64), "superblock"), (entry(1, JOURNAL * 64, 1, b"\x00"), "journal"),
                               (entry(4, 5, 0), "not 0"), (entry(4) + entry(3, 1000 * 64, 64), "follows")):
            made = Builder()
            made.journal(octets)
            problems = image(made).problems
            self.assertEqual([offset for offset, _ in problems], [JOURNAL * 64])
            self.assertIn(reason, problems[0][1])

    def test_an_entry_that_leads_out_of_the_image_does_not_count(self):
        for octets in (entry(3, SIZE - 4, 8), entry(2, 64, NONE)):
            made = Builder()
            made.journal(octets)
            self.assertEqual((image(made).entries, image(made).problems), ([], []))

    def test_an_entry_that_leads_out_of_the_journal_does_not_count(self):
        made = Builder()
        head = bytes([1]) + (DATA * 64).to_bytes(3, "big") + struct.pack(">I", 1 << 31)
        made.journal(head + bytes(4))
        self.assertEqual(image(made).entries, [])


class Damage(unittest.TestCase):
    """Each damage to the small card has its reason at its offset."""

    def check(self, offset, octets, reason, at=None, prepare=None):
        made, numbers = card()
        if prepare:
            prepare(made, numbers)
        place = offset(numbers) if callable(offset) else offset
        made.put(place, octets)
        problems = image(made).problems
        where = place if at is None else at(numbers) if callable(at) else at
        self.assertTrue(any(found == where and reason in text for found, text in problems),
                        f"{reason} at {where:06X}: {problems}")
        self.assertEqual(run(bytes(made.octets), "verify")[0], 1)

    def field(self, name, offset, octets, reason):
        """`offset` counts from the start of the content, which lies within the first page."""
        self.check(lambda numbers: numbers[name] * 64 + 4 + offset, octets, reason)

    def test_superblock(self):
        self.check(60, bytes(4), "CRC-32")
        self.check(24, bytes(4), "first page of the journal is 0, not 33")
        self.check(40, b"\x00", "reserved")
        self.check(12, struct.pack(">I", 1 << 30), "size of the image")
        made, _ = card()
        self.assertIn((SIZE, "octets behind the end of the image"), reader.Image(bytes(made.octets) + b"\x00").problems)

    def test_owner_table(self):
        self.check(64 + 8 * 7, b"\x02", "neither in use nor erased")
        self.check(64 + 8 * 255, b"\x01", "neither in use nor erased")
        self.check(64, b"\xFF" * 8, "owner 0, the card itself")
        self.check(64 + 8 + 1, b"\x09", "owner 9, which is not in use")
        self.check(64 + 8 + 1, b"\x01", "belongs to itself")
        self.check(64 + 8 + 2, b"\x00", "reserved")
        self.check(64 + 8 + 4, struct.pack(">I", 64), "octets of 64")

    def table(self, page, octets, reason):
        """`page` is a number or the name of an object."""
        self.check(lambda numbers: TABLE * 64 + 4 * numbers.get(page, page), octets, reason)

    def test_page_table(self):
        self.table(5, bytes(4), "no data page")
        self.check(lambda numbers: TABLE * 64 + 4 * numbers["ICCID"], FREE_MARK, "is free, but not erased",
                   lambda numbers: numbers["ICCID"] * 64)
        self.table(900, struct.pack(">I", 3 << 30), "neither free")
        self.table(900, struct.pack(">I", 0 << 30), "neither free")
        self.table(900, struct.pack(">I", 2 << 30 | 1 << 18 | 0x3FFFF), "further page of no object")
        self.table(900, struct.pack(">I", 1 << 30 | 1 << 18 | 0x3FFFF), "kind 0")
        self.table(900, struct.pack(">I", 1 << 30 | 9 << 26 | 1 << 18 | 0x3FFFF), "reserved kind 9")
        self.table(900, struct.pack(">I", 1 << 30 | 1 << 26 | 77 << 18 | 0x3FFFF), "owner 77, which is not in use")
        first = 1 << 30 | 1 << 26 | 1 << 18
        self.table("ADN", struct.pack(">I", first | 3), "page 3, which is no data page")
        self.table("ADN", struct.pack(">I", first | 1024), "page 1024, which is no data page")
        self.table("ADN", struct.pack(">I", first | 950), "no further page")
        further = lambda numbers: TABLE * 64 + 4 * (numbers["ADN"] + 1)
        self.check(further, struct.pack(">I", 2 << 30 | 0 << 18 | 0x3FFFF), "another owner")
        self.check(further, struct.pack(">I", 2 << 30 | 1 << 26 | 1 << 18 | 0x3FFFF), "its kind is 1")
        made, numbers = card()
        page = numbers["ADN"] + 1
        made.table(page, 2, 0, 1, page)
        self.assertTrue(any("belongs to object" in reason for _, reason in image(made).problems))

    def test_objects(self):
        self.check(lambda numbers: numbers["ICCID"] * 64, struct.pack(">I", 200), "200 octets take 4 pages, it has 1")
        self.check(lambda numbers: numbers["ICCID"] * 64 + 50, b"\x00", "behind its content")
        self.check(lambda numbers: numbers["ICCID"] * 64, struct.pack(">I", 20), "shorter than its 28",
                   lambda numbers: numbers["ICCID"] * 64 + 4)
        self.check(900 * 64 + 7, b"\x00", "page 900 is free")

    def test_files(self):
        for name, offset, octets, reason in (
            ("ICCID", 0, struct.pack(">I", 999), "its parent, object 999"),
            ("ICCID", 0, FREE_MARK, "without parent"),
            ("MF", 4, b"\x3F\x01", "identifier 3F01"),
            ("ICCID", 4, b"\xFF\xFF", "identifier of an ADF"),
            ("TELECOM", 4, b"\x2F\xE2", "another one has its path"),
            ("TELECOM", 4, b"\xFF\xFF", "without a DF name"),
            ("ICCID", 6, b"\x43", "descriptor octet 43"),
            ("ICCID", 8, b"\x1F", "short file identifier 31"),
            ("TELECOM", 8, b"\x01", "but no EF"),
            ("ACM", 8, b"\x07", "has its short identifier"),
            ("ADN", 10, bytes(2), "record length is 0"),
            ("ICCID", 10, b"\x00\x05", "but no records"),
            ("ACM", 12, b"\x00\x03", "first record is 3"),
            ("ADN", 12, b"\x00\x01", "first record is 1"),
            ("ICCID", 14, struct.pack(">I", 11), "its size is 11"),
            ("ICCID", 18, struct.pack(">I", 1), "no BER-TLV file"),
            ("BT", 18, struct.pack(">I", 11), "take 11 of 10"),
            ("LINK", 22, struct.pack(">I", 5), "which is no file"),
            ("USIM", 26, b"\x01\x00", "do not fit"),
            ("USIM", 28, b"\x85", "unknown attribute 85"),
        ):
            with self.subTest(reason):
                self.field(name, offset, octets, reason)
        self.check(lambda numbers: numbers["ADN"] * 64 + 4 + 10, b"\x00\x1D", "no whole number of records",
                   lambda numbers: numbers["ADN"] * 64 + 4 + 14)
        self.check(lambda numbers: numbers["BT"] * 64 + 4 + 28 + 1, b"\x09", "no list of BER-TLV",
                   lambda numbers: numbers["BT"] * 64 + 4 + 28)
        self.check(lambda numbers: numbers["USIM"] * 64 + 4 + 29, b"\x08", "attributes are no list",
                   lambda numbers: numbers["USIM"] * 64 + 4 + 28)

    def test_links(self):
        for name, target, reason in (("LINK", "LINK", "a link itself"), ("LINK", "TELECOM", "another type"),
                                     ("FOLDER", "ADN", "another type")):
            made, at = card()
            made.put(at[name] * 64 + 4 + 22, struct.pack(">I", at[target]))
            self.assertTrue(any(reason in text and offset == at[name] * 64 + 26
                                for offset, text in image(made).problems))
        made, at = card()
        made.put(at["ICCID"] * 64 + 4, struct.pack(">I", at["FOLDER"]))
        self.assertIn("its parent is a link", image(made).problems[0][1])

    def test_a_ring_of_parents(self):
        made, at = card()
        made.put(at["TELECOM"] * 64 + 4, struct.pack(">I", at["USIM"]))
        made.put(at["USIM"] * 64 + 4, struct.pack(">I", at["TELECOM"]))
        reasons = [reason for _, reason in image(made).problems]
        self.assertTrue(any("form a ring" in reason for reason in reasons))
        self.assertEqual(len(image(made).tree()), 9)

    def test_codes(self):
        for name, offset, octets, reason in (
            ("PIN", 0, struct.pack(">I", 7), "the context, object 7"),
            ("PUK", 8 + 2, b"\x34", "4 tries left of 3"),
            ("PIN", 8 + 3, b"\x05", "unblocking code 05 is missing"),
            ("PIN", 8 + 4, b"\x11", "11 that replaces it is missing"),
            ("PIN", 8 + 5, b"\x00", "reserved"),
            ("PUK", 8 + 1, b"\x07", "fields of a PIN"),
            ("PIN", 8 + 16, b"\x01", "twice"),
            ("SHARED", 4, struct.pack(">I", 7), "no PIN codes of its own"),
        ):
            with self.subTest(reason):
                self.field(name, offset, octets, reason)
        made, at = card()
        made.object(2, 1, struct.pack(">II", at["MF"], NONE) + b"\x01")
        reasons = " ".join(reason for _, reason in image(made).problems)
        self.assertIn("has other ones", reasons)
        self.assertIn("no whole number of entries", reasons)

    def test_parameters_and_session(self):
        for name, offset, octets, reason in (
            ("AKA", 0, struct.pack(">I", 7), "object 7 is no ADF"),
            ("HEADER", 3, b"\x1F", "no list of BER-TLV"),
            ("SESSION", 8, b"\x02", "its length"),
            ("SESSION", 9 + 2, b"\x03", "reserved bits"),
            ("SESSION", 9 + 3, b"\x01", "reserved"),
            ("SESSION", 9 + 4, struct.pack(">I", 7), "the current DF, object 7"),
            ("SESSION", 9 + 8, struct.pack(">I", 7), "the current EF, object 7"),
            ("SESSION", 9 + 12, struct.pack(">I", 7), "object 7, is no ADF"),
            ("SESSION", 25, struct.pack(">I", 7), "object 7 has no PIN 0A"),
            ("SESSION", 25 + 5, b"\x01", "reserved"),
        ):
            with self.subTest(reason):
                self.field(name, offset, octets, reason)

    def test_any_damage_is_read_to_the_end(self):
        chance = random.Random(102221)
        for _ in range(150):
            made, _ = card()
            for _ in range(chance.randrange(1, 60)):
                page = chance.choice([1, 2, *range(JOURNAL, JOURNAL + 2), *range(TABLE + 10, TABLE + 14),
                                      *range(DATA, DATA + 24)])
                made.put(page * 64 + chance.randrange(60), chance.randbytes(chance.randrange(1, 5)))
            self.assertEqual(run(bytes(made.octets), "verify")[0], 1 if image(made).problems else 0)
            for verb in ("info", "tree", "dump", "export"):
                self.assertEqual(run(bytes(made.octets), verb)[0], 0)


if __name__ == "__main__":
    unittest.main()
