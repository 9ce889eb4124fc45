// Block ciphers, hash functions and memory over OpenSSL 3.0.

#include "CardCryptoSeam.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <limits.h>
#include <string.h>

enum { MAXIMUM_BLOCK = 16 };

// Blocks are enciphered in CBC mode, for which the library has code of its own, and deciphered each by itself, many at
// a time. To give the library another chaining value costs as much as six blocks: instead the first block of a message
// is mixed with the value that the library still has, which cancels it.
struct seam_cipher {
    EVP_CIPHER_CTX *encrypt;
    EVP_CIPHER_CTX *decrypt;
    size_t block;
    size_t key;
    // The chaining value in `encrypt`: the last block that it has enciphered.
    uint8_t chain[MAXIMUM_BLOCK];
};

static const uint8_t no_chain[MAXIMUM_BLOCK];

static EVP_CIPHER_CTX *cipher_context(const EVP_CIPHER *algorithm, const uint8_t *key, int encrypt) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context == NULL) return NULL;
    const uint8_t *vector = EVP_CIPHER_get_iv_length(algorithm) == 0 ? NULL : no_chain;
    if (EVP_CipherInit_ex2(context, algorithm, key, vector, encrypt, NULL) != 1
        || EVP_CIPHER_CTX_set_padding(context, 0) != 1) {
        EVP_CIPHER_CTX_free(context);
        return NULL;
    }
    return context;
}

// The key as the library takes it. Single DES is Triple DES with three equal keys: plain DES is in OpenSSL's legacy
// provider, which a machine need not have.
static void expand_key(uint8_t full[32], int is_des, const uint8_t *key, size_t length) {
    if (length != 0) memcpy(full, key, length);
    if (is_des && length == 8) memcpy(full + 8, full, 8);
    if (is_des && length != 24) memcpy(full + 16, full, 8);
}

seam_cipher *seam_cipher_new(int algorithm, const uint8_t *key, size_t length) {
    const EVP_CIPHER *chained = NULL, *single = NULL;
    uint8_t full[32];
    if (algorithm == SEAM_AES) {
        chained = length == 16 ? EVP_aes_128_cbc() : length == 24 ? EVP_aes_192_cbc()
                : length == 32 ? EVP_aes_256_cbc() : NULL;
        single = length == 16 ? EVP_aes_128_ecb() : length == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
    } else if (algorithm == SEAM_DES && (length == 8 || length == 16 || length == 24)) {
        chained = EVP_des_ede3_cbc();
        single = EVP_des_ede3_ecb();
    }
    seam_cipher *made = chained == NULL ? NULL : OPENSSL_zalloc(sizeof *made);
    if (made != NULL) {
        made->block = algorithm == SEAM_AES ? 16 : 8;
        made->key = length;
        expand_key(full, algorithm == SEAM_DES, key, length);
        made->encrypt = cipher_context(chained, full, 1);
        made->decrypt = cipher_context(single, full, 0);
        if (made->encrypt == NULL || made->decrypt == NULL) {
            seam_cipher_free(made);
            made = NULL;
        }
    }
    OPENSSL_cleanse(full, sizeof full);
    return made;
}

int seam_cipher_set_key(seam_cipher *cipher, const uint8_t *key, size_t length) {
    if (length != cipher->key) return SEAM_REFUSED;
    uint8_t full[32];
    expand_key(full, cipher->block == 8, key, length);
    int done = EVP_CipherInit_ex2(cipher->encrypt, NULL, full, no_chain, 1, NULL) == 1
            && EVP_CipherInit_ex2(cipher->decrypt, NULL, full, NULL, 0, NULL) == 1;
    OPENSSL_cleanse(full, sizeof full);
    memset(cipher->chain, 0, sizeof cipher->chain);
    return done ? SEAM_OK : SEAM_FAILED;
}

void seam_cipher_free(seam_cipher *cipher) {
    if (cipher == NULL) return;
    EVP_CIPHER_CTX_free(cipher->encrypt);
    EVP_CIPHER_CTX_free(cipher->decrypt);
    OPENSSL_clear_free(cipher, sizeof *cipher);
}

static int update(EVP_CIPHER_CTX *context, const uint8_t *input, size_t length, uint8_t *output) {
    int written = 0;
    return EVP_CipherUpdate(context, output, &written, input, (int)length) == 1 && (size_t)written == length;
}

// Whole blocks, taken as numbers: a block has one or two of them.
static uint64_t word(const uint8_t *octets) {
    uint64_t value;
    memcpy(&value, octets, sizeof value);
    return value;
}

static void put(uint8_t *octets, uint64_t value) { memcpy(octets, &value, sizeof value); }

static void copy(uint8_t *octets, const uint8_t *from, size_t length) {
    for (size_t i = 0; i < length; i += 8) put(octets + i, word(from + i));
}

// Enciphers whole blocks, the first of them mixed with `chain`.
static int chain_blocks(
    seam_cipher *cipher, const uint8_t *chain, const uint8_t *input, size_t length, uint8_t *output) {
    size_t block = cipher->block;
    for (size_t i = 0; i < block; i += 8) {
        put(output + i, word(input + i) ^ word(chain + i) ^ word(cipher->chain + i));
    }
    int done = update(cipher->encrypt, output, block, output)
            && (length == block || update(cipher->encrypt, input + block, length - block, output + block));
    if (done) copy(cipher->chain, output + length - block, block);
    return done;
}

int seam_cipher_encrypt(seam_cipher *cipher, const uint8_t *input, size_t length, uint8_t *output) {
    if (length % cipher->block != 0 || length > INT_MAX) return SEAM_REFUSED;
    for (size_t i = 0; i < length; i += cipher->block) {
        if (!chain_blocks(cipher, no_chain, input + i, cipher->block, output + i)) return SEAM_FAILED;
    }
    return SEAM_OK;
}

int seam_cipher_decrypt(seam_cipher *cipher, const uint8_t *input, size_t length, uint8_t *output) {
    if (length % cipher->block != 0 || length > INT_MAX) return SEAM_REFUSED;
    return length == 0 || update(cipher->decrypt, input, length, output) ? SEAM_OK : SEAM_FAILED;
}

int seam_cipher_encrypt_chained(
    seam_cipher *cipher, uint8_t *chain, const uint8_t *input, size_t length, uint8_t *output) {
    if (length % cipher->block != 0 || length > INT_MAX) return SEAM_REFUSED;
    if (length == 0) return SEAM_OK;
    if (!chain_blocks(cipher, chain, input, length, output)) return SEAM_FAILED;
    copy(chain, cipher->chain, cipher->block);
    return SEAM_OK;
}

int seam_cipher_absorb(seam_cipher *cipher, uint8_t *chain, const uint8_t *input, size_t length) {
    uint8_t output[256];
    int result = length % cipher->block != 0 ? SEAM_REFUSED : SEAM_OK;
    for (size_t done = 0, part = 0; result == SEAM_OK && done < length; done += part) {
        part = length - done < sizeof output ? length - done : sizeof output;
        result = seam_cipher_encrypt_chained(cipher, chain, input + done, part, output);
    }
    OPENSSL_cleanse(output, length < sizeof output ? length : sizeof output);
    return result;
}

int seam_cipher_decrypt_chained(
    seam_cipher *cipher, const uint8_t *chain, const uint8_t *input, size_t length, uint8_t *output) {
    // What is deciphered, which may lie in the memory of the output, behind the block before it.
    uint8_t kept[MAXIMUM_BLOCK + 256];
    size_t block = cipher->block;
    if (length % block != 0 || length > INT_MAX) return SEAM_REFUSED;
    copy(kept, chain, block);
    for (size_t done = 0; done < length;) {
        size_t part = length - done < sizeof kept - MAXIMUM_BLOCK ? length - done : sizeof kept - MAXIMUM_BLOCK;
        memcpy(kept + block, input + done, part);
        if (!update(cipher->decrypt, kept + block, part, output + done)) return SEAM_FAILED;
        for (size_t i = 0; i < part; i += 8) put(output + done + i, word(output + done + i) ^ word(kept + i));
        copy(kept, kept + part, block);
        done += part;
    }
    return SEAM_OK;
}

struct seam_hash {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

seam_hash *seam_hash_new(int algorithm) {
    static const char *const names[] = {"SHA1", "SHA2-256", "SHA2-384", "SHA2-512"};
    if (algorithm < 0 || (size_t)algorithm >= sizeof names / sizeof *names) return NULL;
    seam_hash *made = OPENSSL_zalloc(sizeof *made);
    if (made == NULL) return NULL;
    made->algorithm = EVP_MD_fetch(NULL, names[algorithm], NULL);
    made->context = EVP_MD_CTX_new();
    if (made->algorithm == NULL || made->context == NULL || seam_hash_reset(made) != SEAM_OK) {
        seam_hash_free(made);
        return NULL;
    }
    return made;
}

void seam_hash_free(seam_hash *hash) {
    if (hash == NULL) return;
    EVP_MD_CTX_free(hash->context);
    EVP_MD_free(hash->algorithm);
    OPENSSL_free(hash);
}

int seam_hash_reset(seam_hash *hash) {
    return EVP_DigestInit_ex2(hash->context, hash->algorithm, NULL) == 1 ? SEAM_OK : SEAM_FAILED;
}

int seam_hash_update(seam_hash *hash, const uint8_t *input, size_t length) {
    return length == 0 || EVP_DigestUpdate(hash->context, input, length) == 1 ? SEAM_OK : SEAM_FAILED;
}

int seam_hash_finish(seam_hash *hash, uint8_t *output) {
    return EVP_DigestFinal_ex(hash->context, output, NULL) == 1 ? SEAM_OK : SEAM_FAILED;
}

int seam_equal(const uint8_t *first, const uint8_t *second, size_t length) {
    return CRYPTO_memcmp(first, second, length) == 0;
}

void seam_wipe(void *octets, size_t length) {
    OPENSSL_cleanse(octets, length);
}

void seam_start_sparingly(void) {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS
                            | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
                        NULL);
}
