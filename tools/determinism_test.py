"""The transcripts of vectors/determinism, executed by the programs of a debug and of a release build: the hashes are those
of the table.

Run: python3 tools/determinism_test.py, after swift build and swift build -c release --product veuicc.
"""

import csv
import hashlib
import json
import pathlib
import subprocess
import tempfile
import unittest

from card_process import PROFILE, ROOT, VEUICC, WAIT

FOLDER = ROOT / "vectors/determinism"
RELEASE = ROOT / ".build/release/veuicc"


def digest(octets):
    return hashlib.sha256(octets).hexdigest().upper()


class DeterminismTests(unittest.TestCase):
    def check(self, program):
        with open(FOLDER / "hashes.tsv", newline="") as table:
            rows = list(csv.DictReader(table, delimiter="\t"))
        self.assertEqual(len(rows), 12)
        for row in rows:
            with self.subTest(row["name"]), tempfile.TemporaryDirectory() as directory:
                image = pathlib.Path(directory) / "card.img"
                subprocess.run([program, "card", "new", str(image), "--profile", PROFILE, "--size", row["size"]], check=True,
                               stdout=subprocess.DEVNULL)
                self.assertEqual(digest(image.read_bytes()), row["begin"])
                ended = subprocess.run(
                    [program, "apdu", "--image", str(image), "--script", str(FOLDER / (row["name"] + ".script")),
                     "--protocol", row["protocol"], "--seed", "5A" * 48, "--json"],
                    check=True, capture_output=True, text=True, timeout=WAIT)
                answers = [json.loads(line) for line in ended.stdout.splitlines()]
                lines = [answer.get("atr") or answer["data"] + answer["sw"] for answer in answers]
                self.assertEqual(digest("".join(line + "\n" for line in lines).encode()), row["responses"])
                self.assertEqual(digest(image.read_bytes()), row["image"])

    def test_this_build(self):
        self.check(VEUICC)

    def test_release_build(self):
        self.check(str(RELEASE))


if __name__ == "__main__":
    unittest.main()
