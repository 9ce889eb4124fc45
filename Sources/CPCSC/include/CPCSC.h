// The PC/SC client library (package libpcsclite-dev).
#include <PCSC/winscard.h>
