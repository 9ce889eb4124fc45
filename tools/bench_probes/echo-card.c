// The least that can be a card on vpcd: connects to a port of this machine and answers at once, until the reader goes.
//   echo-card PORT
// READ BINARY gets as many octets as it asks for, and 9000; every other command 9000; 04 gets an answer to reset.
#include "probe.h"

int main(int argc, char **argv)
{
    static const uint8_t answer_to_reset[] = {0x3B, 0x9F, 0x96, 0x80, 0x3F, 0xC7, 0x82, 0x80, 0x31, 0xE0, 0x73, 0xFE,
                                              0x21, 0x9F, 0x67, 0x56, 0x45, 0x55, 0x49, 0x43, 0x43, 0x31, 0xC8};
    static uint8_t input[LONGEST], output[2 + 256 + 2];
    if (argc != 2) {
        fail("one argument, the port");
    }
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int reader = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (reader < 0 || connect(reader, (struct sockaddr *)&address, sizeof address) != 0) {
        fail("connect");
    }
    set_no_delay(reader);
    size_t filled = 0;
    int splits = 0, on = 1;
    for (;;) {
        while (filled < 2 || filled < 2u + (size_t)(input[0] << 8 | input[1])) {
            // As the card does for a driver that sends the length alone and waits until it is acknowledged.
            splits |= filled == 2;
            if (splits) {
                setsockopt(reader, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
            }
            ssize_t count = recv(reader, input + filled, sizeof input - filled, 0);
            if (count <= 0) {
                return 0;
            }
            filled += (size_t)count;
        }
        size_t length = (size_t)(input[0] << 8 | input[1]), answer = 0;
        if (length >= 4) {
            answer = input[3] == 0xB0 && length >= 5 ? input[6] : 0;
            output[2 + answer] = 0x90;
            output[3 + answer] = 0x00;
            answer += 2;
        } else if (length == 1 && input[2] == 0x04) {
            answer = sizeof answer_to_reset;
            memcpy(output + 2, answer_to_reset, answer);
        }
        if (answer > 0) {
            output[0] = (uint8_t)(answer >> 8);
            output[1] = (uint8_t)answer;
            if (send(reader, output, 2 + answer, MSG_NOSIGNAL) < 0) {
                return 0;
            }
        }
        filled -= 2 + length;
        memmove(input, input + 2 + length, filled);
    }
}
