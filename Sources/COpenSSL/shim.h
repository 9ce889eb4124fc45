// OpenSSL's libcrypto. Only CardCryptoSeam depends on it.

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
