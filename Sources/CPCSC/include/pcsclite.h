// PC/SC's own headers include each other without their directory.
#include <PCSC/pcsclite.h>
