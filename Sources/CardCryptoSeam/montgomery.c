// X25519 over OpenSSL 3.0.

#include "CardCryptoSeam.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

// The base point, u = 9: RFC 7748 clause 4.1.
static const uint8_t base_point[32] = {9};

int seam_x25519(const uint8_t scalar[32], const uint8_t *point, uint8_t product[32]) {
    ERR_set_mark();
    int result = SEAM_FAILED;
    size_t length = 32;
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, 32);
    EVP_PKEY *peer =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point == NULL ? base_point : point, 32);
    EVP_PKEY_CTX *context = own == NULL ? NULL : EVP_PKEY_CTX_new(own, NULL);
    uint8_t secret[32];
    if (peer != NULL && context != NULL && EVP_PKEY_derive_init(context) == 1
        && EVP_PKEY_derive_set_peer(context, peer) == 1) {
        // The library refuses a product of zeros, which a point of small order gives: RFC 7748 clause 6.1.
        result = EVP_PKEY_derive(context, secret, &length) == 1 && length == 32 ? SEAM_OK : SEAM_REFUSED;
    }
    if (result == SEAM_OK) {
        for (int index = 0; index < 32; index++) product[index] = secret[index];
    }
    OPENSSL_cleanse(secret, sizeof secret);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    ERR_pop_to_mark();
    return result;
}
