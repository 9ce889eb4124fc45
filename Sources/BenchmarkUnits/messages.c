#include "BenchmarkUnits.h"

#include <openssl/evp.h>
#include <openssl/params.h>

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
