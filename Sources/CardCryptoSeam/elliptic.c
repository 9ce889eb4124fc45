// Elliptic curves over OpenSSL 3.0.
//
// Each call makes its group and frees it: a group that outlived the call would have to be shared or owned by every
// key. The ECDSA formulas are written out because OpenSSL 3.0 takes a nonce from its caller only through functions
// that are deprecated. OpenSSL blinds secret multiplications with its own random numbers; they cancel out.

#include "CardCryptoSeam.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

// ANSSI, Journal officiel (JORF) 0241 of 16 October 2011, text 30: FRP256v1, which OpenSSL does not name.
static const uint8_t frp256v1[6][32] = {
    // p
    {0xF1, 0xFD, 0x17, 0x8C, 0x0B, 0x3A, 0xD5, 0x8F, 0x10, 0x12, 0x6D, 0xE8, 0xCE, 0x42, 0x43, 0x5B,
     0x39, 0x61, 0xAD, 0xBC, 0xAB, 0xC8, 0xCA, 0x6D, 0xE8, 0xFC, 0xF3, 0x53, 0xD8, 0x6E, 0x9C, 0x03},
    // a
    {0xF1, 0xFD, 0x17, 0x8C, 0x0B, 0x3A, 0xD5, 0x8F, 0x10, 0x12, 0x6D, 0xE8, 0xCE, 0x42, 0x43, 0x5B,
     0x39, 0x61, 0xAD, 0xBC, 0xAB, 0xC8, 0xCA, 0x6D, 0xE8, 0xFC, 0xF3, 0x53, 0xD8, 0x6E, 0x9C, 0x00},
    // b
    {0xEE, 0x35, 0x3F, 0xCA, 0x54, 0x28, 0xA9, 0x30, 0x0D, 0x4A, 0xBA, 0x75, 0x4A, 0x44, 0xC0, 0x0F,
     0xDF, 0xEC, 0x0C, 0x9A, 0xE4, 0xB1, 0xA1, 0x80, 0x30, 0x75, 0xED, 0x96, 0x7B, 0x7B, 0xB7, 0x3F},
    // x of the base point
    {0xB6, 0xB3, 0xD4, 0xC3, 0x56, 0xC1, 0x39, 0xEB, 0x31, 0x18, 0x3D, 0x47, 0x49, 0xD4, 0x23, 0x95,
     0x8C, 0x27, 0xD2, 0xDC, 0xAF, 0x98, 0xB7, 0x01, 0x64, 0xC9, 0x7A, 0x2D, 0xD9, 0x8F, 0x5C, 0xFF},
    // y of the base point
    {0x61, 0x42, 0xE0, 0xF7, 0xC8, 0xB2, 0x04, 0x91, 0x1F, 0x92, 0x71, 0xF0, 0xF3, 0xEC, 0xEF, 0x8C,
     0x27, 0x01, 0xC3, 0x07, 0xE8, 0xE4, 0xC9, 0xE1, 0x83, 0x11, 0x5A, 0x15, 0x54, 0x06, 0x2C, 0xFB},
    // n
    {0xF1, 0xFD, 0x17, 0x8C, 0x0B, 0x3A, 0xD5, 0x8F, 0x10, 0x12, 0x6D, 0xE8, 0xCE, 0x42, 0x43, 0x5B,
     0x53, 0xDC, 0x67, 0xE1, 0x40, 0xD2, 0xBF, 0x94, 0x1F, 0xFD, 0xD4, 0x59, 0xC6, 0xD6, 0x55, 0xE1},
};

/// What a call works with: the group, numbers that are wiped when it ends, and OpenSSL's error queue as it was.
typedef struct {
    EC_GROUP *group;
    BN_CTX *numbers;
    const BIGNUM *order;
} work;

static BIGNUM *number(work *work) {
    BIGNUM *made = BN_CTX_get(work->numbers);
    if (made != NULL) BN_set_flags(made, BN_FLG_CONSTTIME);
    return made;
}

static BIGNUM *number_of(work *work, const uint8_t *octets, size_t length) {
    BIGNUM *made = length > INT32_MAX ? NULL : number(work);
    return made == NULL ? NULL : BN_bin2bn(octets, (int)length, made);
}

static EC_GROUP *frp256v1_group(work *work) {
    BIGNUM *p = number_of(work, frp256v1[0], 32), *a = number_of(work, frp256v1[1], 32);
    BIGNUM *b = number_of(work, frp256v1[2], 32), *x = number_of(work, frp256v1[3], 32);
    BIGNUM *y = number_of(work, frp256v1[4], 32), *n = number_of(work, frp256v1[5], 32);
    if (p == NULL || a == NULL || b == NULL || x == NULL || y == NULL || n == NULL) return NULL;
    EC_GROUP *group = EC_GROUP_new_curve_GFp(p, a, b, work->numbers);
    EC_POINT *base = group == NULL ? NULL : EC_POINT_new(group);
    if (base == NULL || EC_POINT_set_affine_coordinates(group, base, x, y, work->numbers) != 1
        || EC_GROUP_set_generator(group, base, n, BN_value_one()) != 1) {
        EC_GROUP_free(group);
        group = NULL;
    }
    EC_POINT_free(base);
    return group;
}

static int begin(work *work, int curve) {
    work->group = NULL;
    ERR_set_mark();
    work->numbers = BN_CTX_secure_new();
    if (work->numbers == NULL) return SEAM_FAILED;
    BN_CTX_start(work->numbers);
    switch (curve) {
    case SEAM_P256: work->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1); break;
    case SEAM_BRAINPOOL_P256R1: work->group = EC_GROUP_new_by_curve_name(NID_brainpoolP256r1); break;
    case SEAM_FRP256V1: work->group = frp256v1_group(work); break;
    default: return SEAM_REFUSED;
    }
    if (work->group == NULL) return SEAM_FAILED;
    work->order = EC_GROUP_get0_order(work->group);
    return work->order == NULL ? SEAM_FAILED : SEAM_OK;
}

static int end(work *work, int result) {
    EC_GROUP_free(work->group);
    if (work->numbers != NULL) BN_CTX_end(work->numbers);
    BN_CTX_free(work->numbers);
    ERR_pop_to_mark();
    return result;
}

/// Whether 1 <= number < n.
static int is_scalar(const work *work, const BIGNUM *number) {
    return !BN_is_zero(number) && BN_cmp(number, work->order) < 0;
}

/// The point with the coordinates given; NULL if it is not on the curve.
static EC_POINT *point_of(work *work, const uint8_t coordinates[64]) {
    uint8_t octets[65] = {POINT_CONVERSION_UNCOMPRESSED};
    for (int index = 0; index < 64; index++) octets[1 + index] = coordinates[index];
    EC_POINT *point = EC_POINT_new(work->group);
    if (point != NULL && EC_POINT_oct2point(work->group, point, octets, sizeof octets, work->numbers) != 1) {
        EC_POINT_free(point);
        point = NULL;
    }
    return point;
}

static int write_point(work *work, const EC_POINT *point, uint8_t coordinates[64]) {
    BIGNUM *x = number(work), *y = number(work);
    if (x == NULL || y == NULL || EC_POINT_get_affine_coordinates(work->group, point, x, y, work->numbers) != 1
        || BN_bn2binpad(x, coordinates, 32) != 32 || BN_bn2binpad(y, coordinates + 32, 32) != 32) {
        return SEAM_FAILED;
    }
    return SEAM_OK;
}

int seam_ec_reduce(int curve, int least, const uint8_t *input, size_t length, uint8_t output[32]) {
    work work;
    int result = begin(&work, curve);
    if (result != SEAM_OK) return end(&work, result);
    BIGNUM *value = number_of(&work, input, length), *modulus = number(&work);
    if (value == NULL || modulus == NULL || BN_copy(modulus, work.order) == NULL
        || BN_sub_word(modulus, (BN_ULONG)least) != 1 || BN_nnmod(value, value, modulus, work.numbers) != 1
        || BN_add_word(value, (BN_ULONG)least) != 1 || BN_bn2binpad(value, output, 32) != 32) {
        result = SEAM_FAILED;
    }
    return end(&work, result);
}

int seam_ec_decode(int curve, const uint8_t *input, size_t length, uint8_t coordinates[64]) {
    int uncompressed = length == 65 && input[0] == 0x04;
    int compressed = length == 33 && (input[0] == 0x02 || input[0] == 0x03);
    if (!uncompressed && !compressed) return SEAM_REFUSED;
    work work;
    int result = begin(&work, curve);
    if (result != SEAM_OK) return end(&work, result);
    EC_POINT *point = EC_POINT_new(work.group);
    if (point == NULL) return end(&work, SEAM_FAILED);
    // Refuses a coordinate that is not below p, and coordinates off the curve.
    if (EC_POINT_oct2point(work.group, point, input, length, work.numbers) != 1) {
        result = SEAM_REFUSED;
    } else {
        result = write_point(&work, point, coordinates);
    }
    EC_POINT_free(point);
    return end(&work, result);
}

int seam_ec_multiply(int curve, const uint8_t scalar[32], const uint8_t *point, uint8_t product[64]) {
    work work;
    int result = begin(&work, curve);
    if (result != SEAM_OK) return end(&work, result);
    BIGNUM *factor = number_of(&work, scalar, 32);
    EC_POINT *from = NULL, *to = EC_POINT_new(work.group);
    if (factor == NULL || to == NULL) {
        result = SEAM_FAILED;
    } else if (!is_scalar(&work, factor) || (point != NULL && (from = point_of(&work, point)) == NULL)) {
        result = SEAM_REFUSED;
    } else if (EC_POINT_mul(
                   work.group, to, from == NULL ? factor : NULL, from, from == NULL ? NULL : factor, work.numbers)
               != 1) {
        result = SEAM_FAILED;
    } else {
        result = write_point(&work, to, product);
    }
    EC_POINT_clear_free(to);
    EC_POINT_free(from);
    return end(&work, result);
}

int seam_ecdsa_sign(
    int curve, const uint8_t private_key[32], const uint8_t nonce[32], const uint8_t digest[32],
    uint8_t signature[64]) {
    work work;
    int result = begin(&work, curve);
    if (result != SEAM_OK) return end(&work, result);
    BIGNUM *d = number_of(&work, private_key, 32), *k = number_of(&work, nonce, 32);
    BIGNUM *e = number_of(&work, digest, 32), *r = number(&work), *s = number(&work), *exponent = number(&work);
    const BIGNUM *n = work.order;
    BN_MONT_CTX *montgomery = BN_MONT_CTX_new();
    EC_POINT *point = EC_POINT_new(work.group);
    if (exponent == NULL || s == NULL || r == NULL || e == NULL || k == NULL || d == NULL || montgomery == NULL
        || point == NULL || BN_MONT_CTX_set(montgomery, n, work.numbers) != 1) {
        result = SEAM_FAILED;
    } else if (!is_scalar(&work, d) || !is_scalar(&work, k)) {
        result = SEAM_REFUSED;
    } else if (
        // r = x of kG modulo n; s = (e + r d) / k modulo n, the inverse as k^(n-2), whose time does not depend on k.
        EC_POINT_mul(work.group, point, k, NULL, NULL, work.numbers) != 1
        || EC_POINT_get_affine_coordinates(work.group, point, r, NULL, work.numbers) != 1
        || BN_nnmod(r, r, n, work.numbers) != 1
        || BN_mod_mul(s, r, d, n, work.numbers) != 1
        || BN_mod_add(s, s, e, n, work.numbers) != 1
        || BN_copy(exponent, n) == NULL || BN_sub_word(exponent, 2) != 1
        || BN_mod_exp_mont_consttime(k, k, exponent, n, work.numbers, montgomery) != 1
        || BN_mod_mul(s, s, k, n, work.numbers) != 1) {
        result = SEAM_FAILED;
    } else if (BN_is_zero(r) || BN_is_zero(s)) {
        result = SEAM_REFUSED;
    } else if (BN_bn2binpad(r, signature, 32) != 32 || BN_bn2binpad(s, signature + 32, 32) != 32) {
        result = SEAM_FAILED;
    }
    EC_POINT_clear_free(point);
    BN_MONT_CTX_free(montgomery);
    return end(&work, result);
}

int seam_ecdsa_verify(
    int curve, const uint8_t public_key[64], const uint8_t digest[32], const uint8_t signature[64]) {
    work work;
    int result = begin(&work, curve);
    if (result != SEAM_OK) return end(&work, result);
    BIGNUM *r = number_of(&work, signature, 32), *s = number_of(&work, signature + 32, 32);
    BIGNUM *e = number_of(&work, digest, 32), *inverse = number(&work);
    const BIGNUM *n = work.order;
    EC_POINT *key = point_of(&work, public_key), *point = EC_POINT_new(work.group);
    if (inverse == NULL || e == NULL || s == NULL || r == NULL || point == NULL) {
        result = SEAM_FAILED;
    } else if (key == NULL || !is_scalar(&work, r) || !is_scalar(&work, s)) {
        result = SEAM_REFUSED;
    } else if (
        // The point (e/s) G + (r/s) Q has an x coordinate that is r modulo n.
        BN_mod_inverse(inverse, s, n, work.numbers) == NULL
        || BN_mod_mul(e, e, inverse, n, work.numbers) != 1
        || BN_mod_mul(s, r, inverse, n, work.numbers) != 1
        || EC_POINT_mul(work.group, point, e, key, s, work.numbers) != 1) {
        result = SEAM_FAILED;
    } else if (EC_POINT_is_at_infinity(work.group, point)) {
        result = SEAM_REFUSED;
    } else if (
        EC_POINT_get_affine_coordinates(work.group, point, e, NULL, work.numbers) != 1
        || BN_nnmod(e, e, n, work.numbers) != 1) {
        result = SEAM_FAILED;
    } else if (BN_cmp(e, r) != 0) {
        result = SEAM_REFUSED;
    }
    EC_POINT_clear_free(point);
    EC_POINT_free(key);
    return end(&work, result);
}
