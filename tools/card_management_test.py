"""`veuicc gp` on a factory card in a virtual reader, over PC/SC: SCP02, SCP03 and SCP11, with a pcscd of its own.

Run: python3 tools/card_management_test.py, after swift build. Certificates of SCP11 are those of openssl.
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import card_process
from card_process import TOOLS, VEUICC, WAIT, Cards

READER = "veuicc 00 00"
ISSUER = "A000000151000000"
LOAD_FILE, MODULE = "A0000001515350", "A000000151535041"
DOMAIN = "A00000015153504200"
ARAM = "A00000015141434C00"
TEST_KEY = "404142434445464748494A4B4C4D4E4F"
NEW_KEYS = ["000102030405060708090A0B0C0D0E0F", "101112131415161718191A1B1C1D1E1F", "202122232425262728292A2B2C2D2E2F"]
PACKAGE = "A0000005590401"
# A package without modules: a Header component, and another one that makes it longer than a command.
LIBRARY = bytes.fromhex("010011" + "DECAFFED0102040001" + "07" + PACKAGE + "800258" + "CAFE" * 300)
# Exit statuses of what the card refuses: the command, the right to it, what is not there.
REFUSED, FORBIDDEN, MISSING = 65, 77, 66


class Keys:
    """A key of P-256 of openssl, in a directory."""

    def __init__(self, directory, name):
        self.file = directory / f"{name}.pem"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.file], check=True)
        text = subprocess.run(["openssl", "ec", "-in", self.file, "-text", "-noout"], check=True, capture_output=True,
                              text=True).stdout
        private, public = re.search(r"priv:([0-9a-f:\s]+)pub:([0-9a-f:\s]+)ASN1", text).groups()
        # openssl leaves out zeros in front, or puts one there.
        self.private = re.sub(r"[:\s]", "", private)[-64:].rjust(64, "0").upper()
        self.public = re.sub(r"[:\s]", "", public).upper()


class CardManagementTests(unittest.TestCase):
    def setUp(self):
        # Short: the name of a socket has room for 107 octets.
        directory = tempfile.TemporaryDirectory(prefix="veuicc-", dir="/tmp")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        service = [str(TOOLS / "pcscd-private"), "--dir", directory.name]
        started = subprocess.run([*service, "--port", "0", "start"], check=True, capture_output=True, text=True)
        self.addCleanup(subprocess.run, [*service, "stop"], check=True)
        environment = dict(re.findall(r"export (\w+)='(.*)'", started.stdout))
        self.environment = {**os.environ, **environment, "LC_ALL": "C"}
        self.image = self.directory / "card.img"
        card_process.new_card(str(self.image))
        self.cards = self.enterContext(Cards("--image", str(self.image), "--port", environment["VPCD_PORT"]))
        subprocess.run([*service, "--timeout", str(WAIT), "wait-card"], check=True, stdout=subprocess.DEVNULL)

    def gp(self, *arguments, status=0):
        """What `veuicc gp` shows; what it complains of, where it must not end well."""
        ended = subprocess.run([VEUICC, "gp", *arguments, "--reader", READER], env=self.environment,
                               capture_output=True, text=True, timeout=WAIT)
        self.assertEqual(ended.returncode, status, f"{arguments}: {ended.stdout}{ended.stderr}")
        return ended.stdout if status == 0 else ended.stderr

    def key_file(self, name, *lines):
        path = self.directory / name
        path.write_text("\n".join(lines) + "\n")
        return ["--key-file", str(path)]

    def manage(self, *session):
        """Installs, locks, loads, stores, deletes: the registry is as before."""
        before = self.gp("list", *session)
        self.assertTrue(before.startswith(f"issuer       {ISSUER}  SECURED\n"), before)
        self.gp("install", "--load-file", LOAD_FILE, "--module", MODULE, "--aid", DOMAIN, "--privileges", "800000",
                *session)
        self.assertIn(f"domain       {DOMAIN}  SELECTABLE", self.gp("list", *session))
        self.gp("set-status", "lock", "--aid", DOMAIN, *session)
        self.assertIn(f"domain       {DOMAIN}  LOCKED", self.gp("list", *session))
        self.gp("set-status", "unlock", "--aid", DOMAIN, *session)
        self.gp("set-status", "card-locked", *session)
        self.assertIn(f"issuer       {ISSUER}  CARD_LOCKED", self.gp("list", *session))
        self.gp("delete", DOMAIN, *session, status=FORBIDDEN)
        self.gp("set-status", "secured", *session)
        library = self.directory / "library"
        library.write_bytes(LIBRARY)
        self.assertIn(f"load file  {PACKAGE}\n", self.gp("load", str(library), *session))
        self.assertIn(f"load-file    {PACKAGE}  LOADED", self.gp("list", *session))
        self.gp("store-data", "42054012345679", *session)
        self.assertIn("issuer identification number   4012345679\n", self.gp("info"))
        self.gp("store-data", "42054012345678", *session)
        self.gp("store-data", "--application", ARAM, "F200", *session)
        self.gp("delete", PACKAGE, DOMAIN, *session)
        self.assertEqual(self.gp("list", *session), before)
        self.assertIn("6A88", self.gp("delete", DOMAIN, *session, status=MISSING))

    def test_info(self):
        shown = self.gp("info")
        for line in (f"security domain                {ISSUER}", "secure channel                 SCP03 i=70",
                     "secure channel                 SCP02 i=55", "key 30/03                      AES, 16 octets",
                     "key 20/03                      DES, 16 octets"):
            self.assertIn(line + "\n", shown)

    def test_scp03(self):
        self.manage("--protocol", "scp03")
        listed = {self.gp("list", "--protocol", "scp03", "--level", level)
                  for level in ("none", "mac", "enc", "rmac", "enc-rmac", "renc")}
        self.assertEqual(len(listed), 1)
        self.gp("put-key", "--new-version", "31", *NEW_KEYS, "--level", "renc")
        new = self.key_file("new", "version 31", *(f"{name} {key}" for name, key in zip(("enc", "mac", "dek"), NEW_KEYS)))
        self.manage(*new, "--level", "renc")
        self.gp("put-key", "--new-version", "31", "--replace", "31", TEST_KEY, TEST_KEY, TEST_KEY, *new)
        self.assertIn("the card has other keys", self.gp("list", *new, status=FORBIDDEN))
        self.gp("delete", "--keys-of-version", "31")
        self.assertNotIn("key 31/", self.gp("info"))

    def test_scp02(self):
        self.manage("--protocol", "scp02")
        listed = {self.gp("list", "--protocol", "scp02", "--level", level) for level in ("none", "mac", "enc")}
        self.assertEqual(len(listed), 1)
        # i = 55 has no R-MAC.
        self.assertIn("6A86", self.gp("list", "--protocol", "scp02", "--level", "rmac", status=REFUSED))
        self.gp("put-key", "--kind", "des", "--new-version", "21", *NEW_KEYS, "--protocol", "scp02")
        new = self.key_file("new", "version 21", "protocol scp02",
                            *(f"{name} {key}" for name, key in zip(("enc", "mac", "dek"), NEW_KEYS)))
        self.manage(*new)
        self.gp("delete", "--keys-of-version", "21")

    def test_scp11(self):
        authority, host, card = (Keys(self.directory, name) for name in ("authority", "host", "card"))
        certificate = self.certificate(authority, host)
        self.gp("put-key", "--kind", "ec-public", "--new-version", "10", "--identifier", "10", authority.public)
        for protocol, identifier in (("scp11a", "11"), ("scp11b", "13"), ("scp11c", "15")):
            self.gp("put-key", "--kind", "ec-private", "--new-version", "03", "--identifier", identifier, card.private)
            own = [] if protocol == "scp11b" else [f"private {host.private}", f"certificate {certificate}", "ca 1010"]
            keys = self.key_file(protocol, "version 03", f"protocol {protocol}", f"card-key {card.public}", *own)
            if own:
                self.manage(*keys)
                self.manage(*keys, "--level", "rmac")
            else:
                # The host is not authenticated.
                self.assertIn("6982", self.gp("list", *keys, status=FORBIDDEN))
            self.gp("delete", "--keys-of-version", "03")

    def certificate(self, authority, host):
        """An X.509 certificate for the host's key, in hexadecimal."""
        request, root, signed, usage = (self.directory / name for name in ("request", "root", "signed", "usage"))
        # An extension makes it a certificate of version 3.
        usage.write_text("keyUsage = critical, keyAgreement\n")
        run = {"check": True, "stderr": subprocess.DEVNULL}
        subprocess.run(["openssl", "req", "-x509", "-new", "-key", authority.file, "-subj", "/CN=authority", "-sha256",
                        "-out", root], **run)
        subprocess.run(["openssl", "req", "-new", "-key", host.file, "-subj", "/CN=host", "-out", request], **run)
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", root, "-CAkey", authority.file, "-set_serial",
                        "2", "-sha256", "-extfile", usage, "-outform", "DER", "-out", signed], **run)
        return signed.read_bytes().hex()


if __name__ == "__main__":
    unittest.main()
