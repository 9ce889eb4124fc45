"""What control_test.py runs as a client of PC/SC: does what its standard input says, line by line, and tells what came of it.

  pcsc_session.py READER

  connect, reconnect [unpower | reset], status, HEX (a command), wait [absent | present]

Each is answered with a line: the return code of PC/SC, and what there is besides.
"""
import sys

from smartcard import scard

DISPOSITIONS = {"unpower": scard.SCARD_UNPOWER_CARD, "reset": scard.SCARD_RESET_CARD}
STATES = {"absent": scard.SCARD_STATE_EMPTY, "present": scard.SCARD_STATE_PRESENT}
WAIT = 20_000  # milliseconds
NAMES = {getattr(scard, name): name for name in dir(scard) if name.startswith(("SCARD_S_", "SCARD_E_", "SCARD_W_"))}


class Session:
    def __init__(self, reader):
        self.reader = reader
        _, self.context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        self.card = None

    def perform(self, verb, option=None):
        """The return code, and octets."""
        shared, protocol = scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0
        if verb == "connect":
            code, self.card, _ = scard.SCardConnect(self.context, self.reader, shared, protocol)
            return code, []
        if verb == "reconnect":
            disposition = DISPOSITIONS.get(option, scard.SCARD_LEAVE_CARD)
            return scard.SCardReconnect(self.card, shared, protocol, disposition)[0], []
        if verb == "status":
            code, _, _, _, atr = scard.SCardStatus(self.card)
            return code, atr
        if verb == "wait":
            return self.wait(STATES[option]), []
        return scard.SCardTransmit(self.card, scard.SCARD_PCI_T0, list(bytes.fromhex(verb)))

    def wait(self, wanted):
        seen = scard.SCARD_STATE_UNAWARE
        while True:
            code, states = scard.SCardGetStatusChange(self.context, WAIT, [(self.reader, seen)])
            if code != scard.SCARD_S_SUCCESS or states[0][1] & wanted:
                return code
            seen = states[0][1]


def main(reader):
    session = Session(reader)
    for line in sys.stdin:
        code, octets = session.perform(*line.split())
        print(NAMES.get(code & 0xFFFFFFFF) or NAMES.get(code, hex(code)), bytes(octets).hex().upper(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
