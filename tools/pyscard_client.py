"""What clients_test.py runs as a client of PC/SC that is written with pyscard: reads the card, resets it, comes back.

  pyscard_client.py READER     writes what it has read as JSON: ICCID, and the content of each EF of the USIM

It exits with a status other than 0 when the card does not do what it should.
"""
import csv
import json
import sys

from smartcard.scard import SCARD_RESET_CARD, SCARD_UNPOWER_CARD
from smartcard.System import readers
from smartcard.CardConnection import CardConnection
from smartcard.util import toBytes, toHexString

from card_process import EXPECTED_FILES, USIM

ATR = "3B9F96803FC7828031E073FE219F6756455549434331C8"


class Card:
    def __init__(self, name):
        self.link = next(reader for reader in readers() if str(reader) == name).createConnection()
        self.link.connect(CardConnection.T0_protocol)

    def atr(self):
        return toHexString(self.link.getATR()).replace(" ", "")

    def transmit(self, command):
        """The response data and the status word, with what T=0 leaves to the terminal: TS 102 221 clause 7.3.1.1."""
        command = toBytes(command)
        data, sw1, sw2 = self.link.transmit(command)
        if sw1 == 0x6C:
            data, sw1, sw2 = self.link.transmit(command[:4] + [sw2])
        if sw1 == 0x61:
            data, sw1, sw2 = self.link.transmit([command[0], 0xC0, 0, 0, sw2])
        return bytes(data).hex().upper(), f"{sw1:02X}{sw2:02X}"

    def done(self, command):
        data, status = self.transmit(command)
        if status != "9000":
            sys.exit(f"{command}: {status}")
        return data

    def select(self, path):
        """Selects by path from the MF; returns the data objects of the FCP."""
        template = bytes.fromhex(self.done(f"00A40804{len(path) // 2:02X}{path}"))[2:]
        found = {}
        while template:
            found[template[0]], template = template[2:2 + template[1]], template[2 + template[1]:]
        return found

    def read(self, path):
        """The content of an EF; a status word where it may not be read."""
        parameters = self.select(path)
        descriptor, size = parameters[0x82], int.from_bytes(parameters[0x80], "big")
        if descriptor[0] & 7 == 1:
            parts = [f"00B0{at:04X}{min(size - at, 255):02X}" for at in range(0, size, 255)]
        else:
            parts = [f"00B2{number:02X}04{descriptor[3]:02X}" for number in range(1, descriptor[4] + 1)]
        content = ""
        for part in parts:
            data, status = self.transmit(part)
            if status != "9000":
                return status
            content += data
        return content

    def files(self):
        with open(EXPECTED_FILES, newline="") as table:
            paths = [row["path"] for row in csv.DictReader(table, delimiter="\t") if row["type"] in ("TR", "LF", "CY")]
        self.done(f"00A4040410{USIM}")
        prefix = "ADF.USIM/"
        return {path: self.read("7FFF" + path.removeprefix(prefix).replace("/", ""))
                for path in paths if path.startswith(prefix)}


def main(name):
    card = Card(name)
    assert card.atr() == ATR, card.atr()
    iccid = card.read("2FE2")
    files = card.files()
    # Warm reset, then with the power away: the files are the same, what was selected is the MF again.
    for disposition in (SCARD_RESET_CARD, SCARD_UNPOWER_CARD):
        card.link.reconnect(protocol=CardConnection.T0_protocol, disposition=disposition)
        assert card.atr() == ATR, card.atr()
        selected = card.done("80F2000000")
        assert "83023F00" in selected, selected
        assert card.files() == files
    card.link.disconnect()
    again = Card(name)
    assert again.read("2FE2") == iccid
    print(json.dumps({"iccid": iccid, "files": files}))


if __name__ == "__main__":
    main(sys.argv[1])
