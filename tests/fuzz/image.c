/*
 * image.c - any bytes as an image file: a picture or a reason, the same picture whatever memory
 * held before, within the memory that a file of its length may ask for
 */
#include <string.h>

#include "fuzz.h"

#define MAX_PIXELS (1u << 18)

/* As in tests/unit/image_hostile.c: what a JPEG of that length may ask for, which is the most. */
#define PEAK_PER_BYTE (512 * 12 * 4)
#define PEAK_FIXED 400000

/* Memory as another program may have left it. */
static void *allocate_dirty(void *user, size_t bytes)
{
    void *block = malloc(bytes);
    if (block != NULL)
        memset(block, *(const uint8_t *)user, bytes);
    return block;
}

static void release_dirty(void *user, void *block)
{
    (void)user;
    free(block);
}

static p2a_status decode(uint8_t *dirt, const uint8_t *file, size_t bytes, p2a_context **ctx,
                         p2a_image **image)
{
    const p2a_allocator allocator = {dirt, allocate_dirty, release_dirty};
    *ctx = fuzz_context(MAX_PIXELS, 64, &allocator);
    const p2a_status status = p2a_image_decode(*ctx, file, bytes, image);
    MUST((status == P2A_OK) == (*image != NULL));
    MUST(status == P2A_OK || p2a_context_message(*ctx)[0] != '\0');
    MUST(p2a_context_peak_bytes(*ctx) <= PEAK_PER_BYTE * bytes + PEAK_FIXED);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    uint8_t dirt[2] = {0xaa, 0x31};
    p2a_context *ctx[2];
    p2a_image *image[2] = {NULL, NULL};
    const p2a_status status = decode(&dirt[0], data, bytes, &ctx[0], &image[0]);
    uint32_t size_px[2];
    const p2a_status probed = p2a_image_probe(ctx[0], data, bytes, size_px);
    MUST(probed == P2A_OK || probed == P2A_ERR_IMAGE);
    if (status == P2A_OK) {
        MUST(probed == P2A_OK && size_px[0] == p2a_image_width(image[0]) &&
             size_px[1] == p2a_image_height(image[0]));
        const uint32_t channels = p2a_image_channels(image[0]);
        MUST(channels == 3 || channels == 4);
        MUST(decode(&dirt[1], data, bytes, &ctx[1], &image[1]) == P2A_OK);
        MUST(memcmp(p2a_image_pixels(image[0]), p2a_image_pixels(image[1]),
                    (size_t)size_px[0] * size_px[1] * channels) == 0);
        p2a_image_destroy(image[1]);
        p2a_context_destroy(ctx[1]);
    } else {
        MUST(status == P2A_ERR_IMAGE || status == P2A_ERR_LIMIT || status == P2A_ERR_MEMORY);
    }
    p2a_image_destroy(image[0]);
    MUST(p2a_context_bytes(ctx[0]) == 0);
    p2a_context_destroy(ctx[0]);
    return 0;
}
