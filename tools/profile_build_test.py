#!/usr/bin/env python3
"""Tests of tools/profile-build. Run: python3 tools/profile_build_test.py"""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True

from profile_build.description import dump_package, read_description
from profile_build.expand import grown, table
from profile_build.expressions import access_rule, expression
from profile_build.lint import lint
from profile_build.schema import PackageError, decode_package, encode_package, oid_octets, oid_text

PROFILES = pathlib.Path(__file__).resolve().parent.parent / "vectors/profiles"
DESCRIPTION = (PROFILES / "veuicc-default.profile").read_text()


def built(old="", new=""):
    """The default profile with `old` replaced by `new` in its description, which must have it."""
    assert old in DESCRIPTION
    return read_description(DESCRIPTION.replace(old, new, 1))


class Codec(unittest.TestCase):
    def test_template_oid(self):
        self.assertEqual(oid_octets("2.23.143.1.2.13").hex(), "67810f01020d")
        self.assertEqual(oid_text(bytes.fromhex("67810f01020d")), "2.23.143.1.2.13")

    def test_elements_of_ts48(self):
        """TS.48 v7.0: the header of PE-MF with its EF.PL, and the AKA parameters (XOR)."""
        mf = (
            "b03ba0058000810104810667810f010201a20ca10a8b032f0601c603010a0b"
            "a31ca11a8202412183022f058b032f0604800106a508c00140c103656eff"
        )
        aka = "a435a005800081010ba12ca12a8001038101028210000102030405060708090a0b0c0d0e0f8310" + "00" * 16
        for octets in (bytes.fromhex(mf), bytes.fromhex(aka)):
            self.assertEqual(encode_package(decode_package(octets)), octets)
            self.assertEqual(encode_package(read_description(dump_package(decode_package(octets)))), octets)

    def test_default_value_is_not_der(self):
        explicit = bytes.fromhex("b016a0058000810104810667810f010201a205a1038a0105")
        self.assertEqual(decode_package(explicit)[0][0], "mf")
        with self.assertRaises(PackageError):
            encode_package(decode_package(explicit))

    def test_cut_off_and_unknown(self):
        package = (PROFILES / "veuicc-default.der").read_bytes()
        for octets in (package[:-1], b"\xa0\x03\x80\x01", b"\xb0\x02\xdf\x00", b"\x30\x00"):
            with self.assertRaises(PackageError):
                decode_package(octets)


class Expressions(unittest.TestCase):
    def octets(self, text, hex):
        self.assertEqual(expression(text).hex().upper(), hex)

    def test_values_of_ts48(self):
        self.octets("bcd(89000123456789012341)", "98001032547698103214")
        self.octets("imsi(001010123456789)", "080910101032547698")
        self.octets(
            'tlv(61, tlv(4F, A0000000871002FF49FF0589) tlv(50, "USIM"))', "61144F0CA0000000871002FF49FF058950045553494D"
        )
        self.octets("plmn(246, 81)", "42F618")
        self.octets('01 "GSMA TEST" FF*7', "0147534D412054455354FFFFFFFFFFFFFF")

    def test_luhn(self):
        """ISO/IEC 7812-1: the example number 7992739871 has check digit 3."""
        self.octets("bcdluhn(7992739871)", "9729378917F3")

    def test_packed_seven_bit(self):
        """TS 23.038 6.1.2.1.1: 'hellohello' packs to E8329BFD4697D9EC37; 'hello' leaves five spare bits."""
        self.octets('name("hellohello")', "82E8329BFD4697D9EC37")
        self.octets('name("hello")', "85E8329BFD06")

    def test_services(self):
        self.octets("services(2, 1, 8, 9)", "8101")

    def test_mistakes(self):
        for text in ("0", "tlv(61, 00", "none(1)", "XX", '"open'):
            with self.assertRaises(PackageError, msg=text):
                expression(text)

    def test_access_rules_of_clause_9_9(self):
        self.assertEqual(
            access_rule("read=always update=PIN1 deactivate,activate,delete=ADM1").hex().upper(),
            "8001019000800102A406830101950108800158A40683010A950108",
        )
        self.assertEqual(
            access_rule("read,update=PIN1 increase=PIN1").hex().upper(), "800103A406830101950108840132A406830101950108"
        )


class Files(unittest.TestCase):
    def test_default_content(self):
        self.assertEqual(grown("00FF...FF", 4).hex(), "00ffffff")
        self.assertEqual(grown("FF...FF0000000001FFFF", 12).hex(), "ffffffffff0000000001ffff")
        self.assertEqual(grown("F0FFFFFF", 6).hex(), "f0ffffffffff")

    def test_what_was_written(self):
        package = read_description(DESCRIPTION)
        lint(package)
        self.assertEqual(encode_package(package), (PROFILES / "veuicc-default.der").read_bytes())
        self.assertEqual(table(package), (PROFILES / "veuicc-default.expected-files.tsv").read_text())

    def test_the_package_of_the_transcripts(self):
        small = PROFILES.parent / "conformance/small.profile"
        package = read_description(small.read_text())
        lint(package)
        self.assertEqual(encode_package(package), small.with_suffix(".der").read_bytes())
        self.assertEqual(table(package), small.with_suffix(".expected-files.tsv").read_text())

    def test_mistakes_are_found(self):
        changes = {
            "content 0002 ": "content 000200 ",  # does not fit
            "fcp size=100\n": "fcp size=100 arr=6F06/15\n",  # no such record
            "pins=01,81,0A": "pins=01,82,0A",  # no such PIN
            "unblockingPINReference=0x81": "unblockingPINReference=0x82",  # no such PUK
            "identification=16": "identification=15",  # twice
            "        oid 2.23.143.1.2.14\n": "",  # template in use, not declared
            "link=7F105F3A4F58": "link=7F105F3A4F59",  # no such target
            "ef-cbmid\n": "ef-eaka\n",  # not in this version of the template
            "ef-pbc\n        fcp fid=4F60 ": "ef-pbc\n        fcp ",  # which of the eight?
        }
        for old, new in changes.items():
            with self.assertRaises(PackageError, msg=old):
                lint(built(old, new))


if __name__ == "__main__":
    unittest.main()
