/* build-identifier.c - the number by which XNNPACK tells weight caches of other builds from its own
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* src/nn never writes a weight cache to a file, so any constant will do. */
static const uint8_t identifier[4] = {'p', '2', 'a', 1};

size_t xnn_experimental_get_build_identifier_size(void)
{
    return sizeof identifier;
}

const void *xnn_experimental_get_build_identifier_data(void)
{
    return identifier;
}

bool xnn_experimental_check_build_identifier(const void *data, size_t size)
{
    return size == sizeof identifier && memcmp(data, identifier, size) == 0;
}
