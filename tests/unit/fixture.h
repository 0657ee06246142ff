/* fixture.h - files of tests/fixtures/images, and the formula of the picture that they show */
#ifndef P2A_TESTS_FIXTURE_H
#define P2A_TESTS_FIXTURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIXTURE_WIDTH_PX 45
#define FIXTURE_HEIGHT_PX 35

static inline void fixture_pixel(uint32_t x, uint32_t y, uint8_t rgb[3])
{
    rgb[0] = (uint8_t)(40 + 4 * x);
    rgb[1] = (uint8_t)(220 - 5 * y);
    rgb[2] = (uint8_t)(30 + 2 * x + 3 * y);
}

/* The bytes of a fixture, in a block of exactly that size: free(). Ends the program if it fails. */
static inline uint8_t *fixture_read(const char *name, size_t *out_count)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/fixtures/images/%s", P2A_ROOT, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        printf("expected the file %s, found none\n", path);
        exit(2);
    }
    uint8_t buffer[65536];
    *out_count = fread(buffer, 1, sizeof(buffer), file);
    fclose(file);
    uint8_t *bytes = malloc(*out_count + 1);
    for (size_t i = 0; i < *out_count; i++)
        bytes[i] = buffer[i];
    return realloc(bytes, *out_count);
}

#endif
