// What the probes have in common: time, sockets, hexadecimal, and an end with one line.
#ifndef PROBE_H
#define PROBE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST = 2 + 65535 };

__attribute__((noreturn)) static inline void fail(const char *what)
{
    fprintf(stderr, "probe: %s: %s\n", what, errno ? strerror(errno) : "unexpected answer");
    exit(1);
}

static inline uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        fail("listen");
    }
    *port = ntohs(address.sin_port);
    return listener;
}

static inline void set_no_delay(int descriptor)
{
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static inline int accept_peer(int listener)
{
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0) {
        fail("accept");
    }
    set_no_delay(peer);
    return peer;
}

static inline void send_all(int descriptor, const uint8_t *octets, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(descriptor, octets, count, MSG_NOSIGNAL);
        if (sent <= 0) {
            fail("send");
        }
        octets += sent;
        count -= (size_t)sent;
    }
}

// Receives one message of vpcd behind its length, and returns the length.
static inline size_t receive_message(int descriptor, uint8_t *message)
{
    size_t filled = 0;
    while (filled < 2 || filled < 2u + (size_t)(message[0] << 8 | message[1])) {
        ssize_t count = recv(descriptor, message + filled, LONGEST - filled, 0);
        if (count <= 0) {
            fail("receive");
        }
        filled += (size_t)count;
    }
    return filled - 2;
}

// A message of vpcd with the octets of `hex`; returns how many octets it has with its length.
static inline size_t message_of_hex(const char *hex, uint8_t *message)
{
    size_t count = strlen(hex) / 2;
    if (count + 2 > LONGEST) {
        fail("command");
    }
    for (size_t i = 0; i < count; i++) {
        unsigned octet;
        if (sscanf(hex + 2 * i, "%2x", &octet) != 1) {
            fail("hexadecimal");
        }
        message[2 + i] = (uint8_t)octet;
    }
    message[0] = (uint8_t)(count >> 8);
    message[1] = (uint8_t)count;
    return count + 2;
}

static inline void print_samples(const char *name, const uint64_t *samples, size_t count)
{
    printf("{\"name\": \"%s\", \"samples\": [", name);
    for (size_t i = 0; i < count; i++) {
        printf("%s%llu", i ? ", " : "", (unsigned long long)samples[i]);
    }
    printf("]}\n");
}

#endif
