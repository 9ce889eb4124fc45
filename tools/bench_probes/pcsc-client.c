// A client of PC/SC that measures two readers in interleaved rounds.
//   pcsc-client ROUNDS COUNT BEFORE COMMAND CARD-READER OTHER-READER
// Sends BEFORE once, then COMMAND, in rounds of COUNT; prints nanoseconds a command.
#include "probe.h"

#include <winscard.h>

static uint8_t answer[LONGEST];

static size_t transmit(SCARDHANDLE card, const uint8_t *message, size_t count)
{
    DWORD length = sizeof answer;
    LONG status = SCardTransmit(card, SCARD_PCI_T0, message + 2, count - 2, NULL, answer, &length);
    if (status != SCARD_S_SUCCESS || length < 2 || answer[length - 2] != 0x90) {
        errno = 0;
        fail("SCardTransmit");
    }
    return length;
}

int main(int argc, char **argv)
{
    static uint8_t before[LONGEST], command[LONGEST];
    if (argc != 7) {
        fail("six arguments");
    }
    size_t rounds = (size_t)atoi(argv[1]), count = (size_t)atoi(argv[2]), before_size = message_of_hex(argv[3], before),
           size = message_of_hex(argv[4], command), lengths[2] = {0};
    SCARDCONTEXT context;
    SCARDHANDLE cards[2];
    DWORD protocol;
    uint64_t *samples[2];
    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS) {
        fail("SCardEstablishContext");
    }
    for (int i = 0; i < 2; i++) {
        samples[i] = calloc(rounds + 1, sizeof(uint64_t));
        if (SCardConnect(context, argv[5 + i], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, &cards[i], &protocol) !=
            SCARD_S_SUCCESS) {
            errno = 0;
            fail(argv[5 + i]);
        }
        transmit(cards[i], before, before_size);
        lengths[i] = transmit(cards[i], command, size);
    }
    errno = 0;
    if (lengths[0] != lengths[1]) {
        fail("the two give answers of different length");
    }
    // The first round is there to warm up.
    for (size_t round = 0; round <= rounds; round++) {
        for (int i = 0; i < 2; i++) {
            uint64_t begin = now();
            for (size_t n = 0; n < count; n++) {
                transmit(cards[i], command, size);
            }
            samples[i][round] = (now() - begin) / count;
        }
    }
    for (int i = 0; i < 2; i++) {
        SCardDisconnect(cards[i], SCARD_LEAVE_CARD);
    }
    SCardReleaseContext(context);
    print_samples("card", samples[0] + 1, rounds);
    print_samples("other", samples[1] + 1, rounds);
    return 0;
}
