#include "BenchmarkUnits.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/params.h>
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

static int compute_mac(EVP_MAC_CTX *context, const uint8_t *octets, size_t count)
{
    uint8_t mac[16];
    size_t length = 0;
    // Without a key: that of before.
    return EVP_MAC_init(context, NULL, 0, NULL) == 1 && EVP_MAC_update(context, octets, count) == 1
        && EVP_MAC_final(context, mac, &length, sizeof mac) == 1;
}

static int chain_blocks(EVP_CIPHER_CTX *vectors, EVP_CIPHER_CTX *chained, uint8_t *octets, size_t count)
{
    uint8_t vector[16] = {0};
    int length = 0;
    return EVP_CipherUpdate(vectors, vector, &length, vector, sizeof vector) == 1
        && EVP_CipherInit_ex2(chained, NULL, NULL, vector, -1, NULL) == 1
        && EVP_CipherUpdate(chained, octets, &length, octets, (int)count) == 1;
}

static EVP_CIPHER_CTX *keyed(const EVP_CIPHER *algorithm, int encrypt)
{
    static const uint8_t zeros[16];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context && EVP_CipherInit_ex2(context, algorithm, zeros, zeros, encrypt, NULL) == 1
        && EVP_CIPHER_CTX_set_padding(context, 0) == 1) {
        return context;
    }
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

int benchmark_unit_message(size_t count, struct benchmark_message message)
{
    static const uint8_t key[16];
    static uint8_t octets[512];
    char name[] = "AES-128-CBC";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("cipher", name, 0), OSSL_PARAM_construct_end()};
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX *mac = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
    EVP_CIPHER_CTX *vectors = keyed(EVP_aes_128_ecb(), 1);
    EVP_CIPHER_CTX *decrypt = keyed(EVP_aes_128_cbc(), 0);
    EVP_CIPHER_CTX *encrypt = keyed(EVP_aes_128_cbc(), 1);
    int done = mac && vectors && decrypt && encrypt && EVP_MAC_init(mac, key, sizeof key, parameters) == 1
            && message.command_mac <= sizeof octets && message.deciphered <= sizeof octets
            && message.enciphered <= sizeof octets && message.response_mac <= sizeof octets;
    for (size_t i = 0; done && i < count; i++) {
        done = compute_mac(mac, octets, message.command_mac)
            && (!message.deciphered || chain_blocks(vectors, decrypt, octets, message.deciphered))
            && (!message.enciphered || chain_blocks(vectors, encrypt, octets, message.enciphered))
            && (!message.response_mac || compute_mac(mac, octets, message.response_mac));
    }
    EVP_CIPHER_CTX_free(encrypt);
    EVP_CIPHER_CTX_free(decrypt);
    EVP_CIPHER_CTX_free(vectors);
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(algorithm);
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
