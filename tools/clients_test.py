"""Real clients of PC/SC on a card in a virtual reader, with a pcscd of their own.

Run: python3 tools/clients_test.py, after swift build. A client that is missing is a failure.
"""

import csv
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import card_process
from card_process import EXPECTED_FILES, TOOLS, WAIT, Cards

ATR = "3B9F96803FC7828031E073FE219F6756455549434331C8"
READER = "veuicc 00 00"
ICCID = "98990901000000000031"


def octets(content):
    """The notation of the table of expected files: hexadecimal, and XX*n for n times an octet."""
    return "".join(part[:2] * int(part[3:]) if "*" in part else part for part in content.split("+"))


def spaced(digits):
    return " ".join(re.findall("..", digits))


class ClientTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Short: the name of a socket has room for 107 octets.
        directory = tempfile.TemporaryDirectory(prefix="veuicc-", dir="/tmp")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        service = [str(TOOLS / "pcscd-private"), "--dir", directory.name]
        started = subprocess.run([*service, "--port", "0", "start"], check=True, capture_output=True, text=True)
        cls.addClassCleanup(subprocess.run, [*service, "stop"], check=True)
        environment = dict(re.findall(r"export (\w+)='(.*)'", started.stdout))
        cls.environment = {**os.environ, **environment, "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1"}
        cls.image = cls.directory / "card.img"
        card_process.new_card(str(cls.image))
        cls.cards = cls.enterClassContext(Cards("--image", str(cls.image), "--port", environment["VPCD_PORT"], "--json"))
        subprocess.run([*service, "--timeout", str(WAIT), "wait-card"], check=True, stdout=subprocess.DEVNULL)
        cls.fresh = cls.fingerprint()

    @classmethod
    def fingerprint(cls):
        return hashlib.sha256(cls.image.read_bytes()).hexdigest()

    def setUp(self):
        self.seen = len(self.cards.events)

    def tearDown(self):
        """Whatever the client wanted: the image is that of the fresh card, and the next client is served."""
        self.assertEqual(self.fingerprint(), self.fresh)
        self.assert_iccid()

    def run_client(self, *command, status=0, **more):
        ended = subprocess.run(command, env={**self.environment, **more}, capture_output=True, text=True, timeout=WAIT)
        self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
        return ended.stdout + ended.stderr

    def commands(self):
        """What the card has executed since the test began, in the order of its coming."""
        return [(event["command"], event["response"]) for event in self.cards.events[self.seen:]
                if event["event"] == "command"]

    def assert_iccid(self):
        shown = self.run_client("opensc-tool", "-r", "0", "-s", "00A40004022FE2", "-s", "00B000000A")
        self.assertEqual(shown, "Sending: 00 A4 00 04 02 2F E2 \nReceived (SW1=0x90, SW2=0x00)\n"
                                "Sending: 00 B0 00 00 0A \nReceived (SW1=0x90, SW2=0x00):\n"
                                "98 99 09 01 00 00 00 00 00 31 .........1\n")

    def test_pcsc_scan(self):
        # It never ends by itself.
        scan = subprocess.Popen(["pcsc_scan", "-n"], env=self.environment, stdout=subprocess.PIPE, text=True)
        try:
            shown = ""
            while "ATR: " not in shown:
                line = scan.stdout.readline()
                self.assertTrue(line, shown)
                shown += line
        finally:
            scan.terminate()
            scan.communicate(timeout=WAIT)
        self.assertIn(f"0: {READER}\n", shown)
        self.assertIn("Card state: Card inserted", shown)
        self.assertIn(f"ATR: {spaced(ATR)}\n", shown)
        self.assertEqual(self.commands(), [])

    def test_opensc_tool(self):
        self.assertEqual(self.run_client("opensc-tool", "-r", "0", "--atr"), spaced(ATR).lower().replace(" ", ":") + "\n")
        self.assert_iccid()
        self.assertIn(("00B000000A", ICCID + "9000"), self.commands())
        # It takes it for none of the cards that it knows, after it has tried the commands of them all.
        self.seen = len(self.cards.events)
        self.assertEqual(self.run_client("opensc-tool", "-r", "0", "-n"), "Unsupported card\n")
        self.assertGreater(len(self.commands()), 10)

    def test_scriptor(self):
        script = self.directory / "script"
        # EF.PL is changed and changed back: the image is then as before, octet for octet.
        steps = [("00A40004023F00", "612B", "0x2B bytes of response still available."),
                 ("00A40004022F00", "611C", "0x1C bytes of response still available."),
                 ("00B20104FF", "6C26", "Wrong length Le: should be 0x26"),
                 ("00A4000C022F05", "9000", "Normal processing."),
                 ("00B0000002", "656E9000", "Normal processing."),
                 ("00D60000026465", "9000", "Normal processing."),
                 ("00B0000002", "64659000", "Normal processing."),
                 ("00D6000002656E", "9000", "Normal processing."),
                 ("00A40004026FFF", "6A82", "Wrong parameter(s) P1-P2. File not found.")]
        script.write_text("".join(spaced(command) + "\n" for command, _, _ in steps))
        shown = self.run_client("scriptor", "-r", READER, str(script))
        expected = "".join(f"{spaced(command)}\n> {spaced(command)}\n< {spaced(response)} : {meaning}\n"
                           for command, response, meaning in steps)
        self.assertIn(expected, shown)
        self.assertEqual(self.commands(), [(command, response) for command, response, _ in steps])

    def test_pyscard(self):
        # The Python that Debian's pyscard is for, whatever else is called python3.
        shown = json.loads(self.run_client("/usr/bin/python3", str(TOOLS / "pyscard_client.py"), READER))
        self.assertEqual(shown["iccid"], ICCID)
        with open(EXPECTED_FILES, newline="") as table:
            rows = [row for row in csv.DictReader(table, delimiter="\t") if row["path"].startswith("ADF.USIM/")]
        # Access rule 3: only ADM1 reads.
        expected = {row["path"]: "6982" if row["arr"].endswith("03") else octets(row["content"])
                    for row in rows if row["type"] in ("TR", "LF", "CY")}
        self.assertGreater(len(expected), 60)
        self.assertEqual(shown["files"], expected)
        events = [event["event"] for event in self.cards.events[self.seen:]]
        self.assertEqual(events.count("warmReset"), 1)

    def test_gpg(self):
        home = self.directory / "gnupg"
        home.mkdir(mode=0o700)
        (home / "scdaemon.conf").write_text("disable-ccid\n")
        try:
            shown = self.run_client("gpg", "--card-status", status=2, GNUPGHOME=str(home))
        finally:
            subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
        self.assertIn("No such device", shown)
        # It has looked for the application of OpenPGP.
        self.assertIn(("00A4040006D27600012401", "6A82"), self.commands())

    def test_gnokii(self):
        configuration = self.directory / "gnokii"
        configuration.write_text(f"[global]\nconnection = libpcsclite\nport = {READER}\nmodel = APDU\n[flags]\n")
        shown = self.run_client("gnokii", "--config", str(configuration), "--identify")
        self.assertRegex(shown, r"IMEI +: Unknown")
        commands = self.commands()
        # It speaks class A0 to the card, and reads EF.ICCID and EF.IMSI.
        self.assertIn(("A0A40000023F00", "9F17"), commands)
        self.assertIn(("A0B000000A", "989909010000000000319000"), commands)
        self.assertIn(("A0B0000009", "0809101000000000109000"), commands)


if __name__ == "__main__":
    unittest.main()
