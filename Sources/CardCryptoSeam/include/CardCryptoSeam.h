/// The seam between the card's cryptography and the library that computes it.
///
/// Plain buffers go in and out, and nothing of the library shows. Another library is put behind this header by
/// another implementation of these functions. What is built from them (modes, MACs, key derivation, the random bit
/// generator, the choice of nonces) stands above the seam, in the target CardCrypto.
///
/// None of these functions keeps a pointer that it was given, except to its own context. A context is used by one
/// thread at a time; different contexts do not share anything that can be seen. No output depends on a random number.

#pragma once

#include <stddef.h>
#include <stdint.h>

/// What a function returns.
enum {
    /// Done; the output is written.
    SEAM_OK = 1,
    /// An input is out of its range; the output is not written.
    SEAM_REFUSED = 0,
    /// The library failed, for want of memory say; the output is not to be used.
    SEAM_FAILED = -1,
};

// Block ciphers

enum { SEAM_AES = 0, SEAM_DES = 1 };

/// A key of a block cipher, ready to use.
typedef struct seam_cipher seam_cipher;

/// Makes a key: of 16, 24 or 32 octets for AES; of 8 (single DES), 16 (two keys) or 24 (three keys) for DES.
/// Returns NULL for any other length, and where the library fails.
seam_cipher *seam_cipher_new(int algorithm, const uint8_t *key, size_t length);

/// Puts another key of the same length in the place of one, without allocating memory. Refuses any other length, and
/// leaves the key then.
int seam_cipher_set_key(seam_cipher *cipher, const uint8_t *key, size_t length);

/// Wipes and frees a key; NULL is passed over.
void seam_cipher_free(seam_cipher *cipher);

/// Enciphers whole blocks, each by itself. `output` is `input`, or does not overlap it.
int seam_cipher_encrypt(seam_cipher *cipher, const uint8_t *input, size_t length, uint8_t *output);

/// Deciphers whole blocks, each by itself. `output` is `input`, or does not overlap it.
int seam_cipher_decrypt(seam_cipher *cipher, const uint8_t *input, size_t length, uint8_t *output);

/// Enciphers whole blocks in CBC mode. `chain`, a block, is the chaining value before and after. `output` is `input`, or
/// does not overlap it.
int seam_cipher_encrypt_chained(
    seam_cipher *cipher, uint8_t *chain, const uint8_t *input, size_t length, uint8_t *output);

/// As `seam_cipher_encrypt_chained`, for MACs: only the chaining value is kept.
int seam_cipher_absorb(seam_cipher *cipher, uint8_t *chain, const uint8_t *input, size_t length);

/// Deciphers whole blocks in CBC mode; `chain` is the block before the first one. `output` is `input`, or does not
/// overlap it.
int seam_cipher_decrypt_chained(
    seam_cipher *cipher, const uint8_t *chain, const uint8_t *input, size_t length, uint8_t *output);

// Hash functions

enum { SEAM_SHA1 = 0, SEAM_SHA256 = 1, SEAM_SHA384 = 2, SEAM_SHA512 = 3 };

/// The state of a hash computation.
typedef struct seam_hash seam_hash;

/// Makes a state with no octets hashed; NULL where the library fails.
seam_hash *seam_hash_new(int algorithm);

/// Wipes and frees a state; NULL is passed over.
void seam_hash_free(seam_hash *hash);

/// Goes back to the state with no octets hashed.
int seam_hash_reset(seam_hash *hash);

/// Hashes further octets.
int seam_hash_update(seam_hash *hash, const uint8_t *input, size_t length);

/// Writes the digest (20, 32, 48 or 64 octets); `seam_hash_reset` must follow before further use.
int seam_hash_finish(seam_hash *hash, uint8_t *output);

// Elliptic curves. A number is 32 octets, big-endian; a point is its coordinates x and y, 64 octets.

enum { SEAM_P256 = 0, SEAM_BRAINPOOL_P256R1 = 1, SEAM_FRP256V1 = 2 };

/// Writes the number in least...n-1 that is least + input modulo (n - least), where n is the order of the curve's base
/// point and least is 0 or 1.
int seam_ec_reduce(int curve, int least, const uint8_t *input, size_t length, uint8_t output[32]);

/// Decodes a point, compressed or not (SEC 1 clause 2.3.4). Refuses what is no point of the curve, and infinity.
int seam_ec_decode(int curve, const uint8_t *input, size_t length, uint8_t point[64]);

/// Multiplies a point (the base point where it is NULL) by a secret number of 1...n-1; refuses a number outside that
/// range, and a point that is not on the curve.
int seam_ec_multiply(int curve, const uint8_t scalar[32], const uint8_t *point, uint8_t product[64]);

/// Signs the number `digest` by ECDSA with the nonce given; the signature is r, then s. Refuses a private key or a
/// nonce outside 1...n-1, and a nonce that gives r or s zero.
int seam_ecdsa_sign(
    int curve, const uint8_t private_key[32], const uint8_t nonce[32], const uint8_t digest[32],
    uint8_t signature[64]);

/// Verifies an ECDSA signature, r then s: SEAM_OK if it is good, SEAM_REFUSED if not.
int seam_ecdsa_verify(
    int curve, const uint8_t public_key[64], const uint8_t digest[32], const uint8_t signature[64]);

/// Multiplies a point of Curve25519 (the base point where it is NULL) by a secret number, both 32 octets as RFC 7748
/// clause 5 has them. Refuses a point whose product is zero.
int seam_x25519(const uint8_t scalar[32], const uint8_t *point, uint8_t product[32]);

// RSA. A number is octets, big-endian.

enum { SEAM_RSA_PKCS1_SHA1 = 0, SEAM_RSA_PSS_SHA256 = 1 };

/// Verifies an RSA signature of the message with this digest (RFC 8017): RSASSA-PKCS1-v1_5 with SHA-1, or RSASSA-PSS
/// with SHA-256, MGF1 with SHA-256 and a salt of 32 octets. SEAM_OK if it is good, SEAM_REFUSED if not. The caller sees
/// to it that modulus and exponent are odd, and not longer than what it wants to wait for.
int seam_rsa_verify(
    int scheme, const uint8_t *modulus, size_t modulus_length, const uint8_t *exponent, size_t exponent_length,
    const uint8_t *digest, size_t digest_length, const uint8_t *signature, size_t signature_length);

// Memory

/// Compares in a time that depends on the length only: 1 if equal, else 0.
int seam_equal(const uint8_t *first, const uint8_t *second, size_t length);

/// Overwrites octets with zeros, which no compiler leaves out.
void seam_wipe(void *octets, size_t length);

// Start

/// For a program that is there for cards only, before its first one: the library then does not load what no card needs,
/// its tables of names and messages and the configuration file of the machine, which has no say in what a card computes.
/// It holds for the whole process.
void seam_start_sparingly(void);
