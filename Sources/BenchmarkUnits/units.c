#include "BenchmarkUnits.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BODY = 255, FILES = 64, STATUS = 2 };

static uint8_t bodies[FILES][BODY];
static uint16_t index_of[65536];

uint64_t benchmark_unit_select_read(size_t count, uint8_t *response)
{
    uint8_t select[7] = {0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x00};
    uint64_t sum = 0;
    for (size_t i = 0; i < FILES; i++) {
        index_of[0x6F00 + i] = (uint16_t)i;
        memset(bodies[i], (int)i, BODY);
    }
    for (size_t i = 0; i < count; i++) {
        // The compiler is to know neither the command nor that nobody reads the response.
        select[6] = (uint8_t)(i % FILES);
        __asm__ volatile("" : : "r"(select), "r"(response) : "memory");
        size_t file = index_of[select[5] << 8 | select[6]];
        memcpy(response, bodies[file], BODY);
        response[BODY] = 0x90;
        response[BODY + 1] = 0x00;
        __asm__ volatile("" : : "r"(select), "r"(response) : "memory");
        sum += response[i % (BODY + STATUS)];
    }
    return sum;
}

int benchmark_unit_durable_write(int descriptor, size_t count)
{
    uint8_t octets[10];
    for (size_t i = 0; i < count; i++) {
        memset(octets, (int)i, sizeof octets);
        if (pwrite(descriptor, octets, sizeof octets, 0) != (ssize_t)sizeof octets || fdatasync(descriptor) != 0) {
            return errno ? errno : EIO;
        }
    }
    return 0;
}

int benchmark_unit_aes(size_t count)
{
    uint8_t block[16] = {0};
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = context && EVP_CipherInit_ex2(context, EVP_aes_128_ecb(), block, NULL, 1, NULL) == 1
            && EVP_CIPHER_CTX_set_padding(context, 0) == 1;
    for (size_t i = 0; done && i < count; i++) {
        int length = 0;
        done = EVP_CipherUpdate(context, block, &length, block, sizeof block) == 1;
    }
    EVP_CIPHER_CTX_free(context);
    return !done;
}

static uint64_t now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t benchmark_thread_time(void) { return now(CLOCK_THREAD_CPUTIME_ID); }

uint64_t benchmark_time(void) { return now(CLOCK_MONOTONIC); }
