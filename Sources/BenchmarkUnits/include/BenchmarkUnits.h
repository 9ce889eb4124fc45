// What the benchmark compares the card with: the least that a program could do in the card's place.
#ifndef BENCHMARK_UNITS_H
#define BENCHMARK_UNITS_H

#include <stddef.h>
#include <stdint.h>

/// Looks a file up in a table by the two octets in a SELECT command, and copies its 255 octets and a status word to
/// `response`, `count` times; the file is another one each time.
///
/// Returns a sum over what was copied, so that the copies cannot be left out.
uint64_t benchmark_unit_select_read(size_t count, uint8_t *response);

/// Overwrites 10 octets of the file `descriptor` and waits until the disk has them, `count` times.
///
/// Returns 0, or an error number.
int benchmark_unit_durable_write(int descriptor, size_t count);

/// Enciphers one block by AES-128 with a key that is ready, `count` times, as the card's library does it.
///
/// Returns 0, or 1 where the library fails.
int benchmark_unit_aes(size_t count);

/// The octets of a message that AES-128 protects.
struct benchmark_message {
    /// Over how many octets the MAC of the command goes.
    size_t command_mac;
    /// How many octets are deciphered: 0, or whole blocks. Their initial chaining vector is made by enciphering a block.
    size_t deciphered;
    /// How many octets of the response are enciphered, as those of the command.
    size_t enciphered;
    /// Over how many octets the MAC of the response goes; 0: it has none.
    size_t response_mac;
};

/// Does the block operations that protect a command and its response, `count` times, with the CMAC and the CBC mode of
/// the card's library and with keys that are ready.
///
/// Returns 0, or 1 where the library fails.
int benchmark_unit_message(size_t count, struct benchmark_message message);

/// The processor time of the calling thread, in nanoseconds.
uint64_t benchmark_thread_time(void);

/// The time since some point in the past, in nanoseconds.
uint64_t benchmark_time(void);

#endif
