// libzip. Only CardManagement depends on it, and the tests that make archives.

#include <zip.h>
