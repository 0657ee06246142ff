/* decode.c - JPEG or PNG bytes -> 8-bit sRGB pixels, upright */
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "image/image.h"
#include "image/orient.h"
#include "image/png_rows.h"
#include "image/probe.h"

/*
 * stb_image decodes JPEG and inflates; PNG's rows are ours (png_rows.c), because stb's keep
 * three copies, let a small file ask for gigabytes and cut 16 bits off instead of rounding.
 * Its memory comes from the context that p2a_enter() named. Zeroed: what a damaged scan leaves
 * unpainted is then the same in every run, and never what lay in memory before.
 */
static void *stb_allocate(size_t bytes)
{
    return p2a_alloc_zeroed(p2a_current(), 1, bytes);
}

static void *stb_reallocate(void *block, size_t bytes)
{
    return p2a_realloc(p2a_current(), block, bytes);
}

static void stb_release(void *block)
{
    p2a_free(p2a_current(), block);
}

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_SUPPORT_ZLIB
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS 65535
#define STBI_ASSERT(x) ((void)0) /* its asserts are about its own state; input is checked by it */
#define STBI_MALLOC(bytes) stb_allocate(bytes)
#define STBI_REALLOC(block, bytes) stb_reallocate(block, bytes)
#define STBI_FREE(block) stb_release(block)

#if defined(__GNUC__)
/* gcc looks for functions that were declared and not defined at the end of the file: no pop. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#endif
#include <stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/* Some writers add a few bytes behind the last row; they are decompressed and ignored. */
#define INFLATE_SLACK_BYTES 65536

static p2a_status decode_jpeg(p2a_context *ctx, const uint8_t *file, size_t file_bytes,
                              const p2a_probe *probe, p2a_image **out)
{
    p2a_image *image = p2a_alloc(ctx, sizeof(*image));
    if (image == NULL)
        return p2a_fail_memory(ctx, sizeof(*image), "an image");

    int width_px = 0, height_px = 0, components = 0;
    p2a_context *before = p2a_enter(ctx);
    stbi__g_failure_reason = NULL;
    uint8_t *pixels =
        stbi_load_from_memory(file, (int)file_bytes, &width_px, &height_px, &components, STBI_rgb);
    const char *reason = stbi_failure_reason();
    p2a_leave(before);

    if (pixels == NULL) {
        p2a_free(ctx, image);
        const size_t rgb_bytes = (size_t)probe->jpeg.width_px * probe->jpeg.height_px * 3;
        /* the probe has seen that it is a JPEG: where stb does not, it lacked memory to look */
        if (reason != NULL &&
            (strcmp(reason, "outofmem") == 0 || strcmp(reason, "unknown image type") == 0))
            return p2a_fail_memory(ctx, rgb_bytes, "decoding a JPEG");
        return p2a_fail(ctx, P2A_ERR_IMAGE, "damaged JPEG: %s",
                        reason != NULL ? reason : "a table is not as long as it says");
    }
    *image = (p2a_image){.ctx = ctx,
                         .width_px = (uint32_t)width_px,
                         .height_px = (uint32_t)height_px,
                         .channels = 3,
                         .stride_bytes = (size_t)width_px * 3,
                         .pixels = pixels};
    *out = image;
    return P2A_OK;
}

/* The rows of a PNG, still filtered. *out: given, p2a_free(). */
static p2a_status inflate_png(p2a_context *ctx, const uint8_t *file, const p2a_png_info *png,
                              uint8_t **out)
{
    const uint64_t raw_bytes = p2a_png_raw_bytes(png);
    if (raw_bytes > INT_MAX - INFLATE_SLACK_BYTES || png->data_bytes > INT_MAX)
        return p2a_fail(ctx, P2A_ERR_LIMIT,
                        "expected a PNG of at most 2 GB of pixel data, got %ux%u pixels of %u bits",
                        (unsigned)png->width_px, (unsigned)png->height_px,
                        (unsigned)(png->bit_depth * p2a_png_samples(png)));
    const size_t capacity = (size_t)raw_bytes + INFLATE_SLACK_BYTES;
    uint8_t *raw = p2a_alloc(ctx, capacity);
    if (raw == NULL)
        return p2a_fail_memory(ctx, capacity, "decompressing a PNG");

    const uint8_t *data = file + png->data_at;
    uint8_t *gathered = NULL;
    if (png->data_chunk_count > 1) {
        gathered = p2a_alloc(ctx, png->data_bytes);
        if (gathered == NULL) {
            p2a_free(ctx, raw);
            return p2a_fail_memory(ctx, png->data_bytes, "decompressing a PNG");
        }
        p2a_png_gather(png, file, gathered);
        data = gathered;
    }
    stbi__g_failure_reason = NULL;
    const int filled = stbi_zlib_decode_buffer((char *)raw, (int)capacity, (const char *)data,
                                               (int)png->data_bytes);
    p2a_free(ctx, gathered);
    p2a_status status = P2A_OK;
    if (filled < 0)
        status = p2a_fail(ctx, P2A_ERR_IMAGE, "damaged PNG: pixel data does not decompress: %s",
                          stbi_failure_reason() != NULL ? stbi_failure_reason() : "unknown");
    else if ((size_t)filled < raw_bytes)
        status =
            p2a_fail(ctx, P2A_ERR_IMAGE, "damaged PNG: expected %zu bytes of pixel data, got %d",
                     (size_t)raw_bytes, filled);
    if (status != P2A_OK) {
        p2a_free(ctx, raw);
        return status;
    }
    *out = raw;
    return P2A_OK;
}

static p2a_status decode_png(p2a_context *ctx, const uint8_t *file, const p2a_png_info *png,
                             p2a_image **out)
{
    uint8_t *raw = NULL;
    p2a_image *image = NULL;
    p2a_status status = inflate_png(ctx, file, png, &raw);
    if (status != P2A_OK)
        goto done;
    status = p2a_image_alloc(ctx, png->width_px, png->height_px, p2a_png_channels(png), &image);
    if (status != P2A_OK)
        goto done;
    status = p2a_png_unpack(ctx, png, raw, image);
    if (status != P2A_OK)
        goto done;
    *out = image;
    image = NULL;
done:
    p2a_image_destroy(image);
    p2a_free(ctx, raw);
    return status;
}

p2a_status p2a_image_decode(p2a_context *ctx, const void *file, size_t file_bytes, p2a_image **out)
{
    if (out != NULL)
        *out = NULL;
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (out == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a pointer for out, got NULL");
    if (file == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a pointer for file, got NULL");
    if (file_bytes > INT_MAX)
        return p2a_fail(ctx, P2A_ERR_LIMIT, "expected a file of at most %d bytes, got %zu", INT_MAX,
                        file_bytes);

    /* The size before the structure: whoever sends a picture that is too large shall hear that. */
    p2a_probe probe;
    p2a_status status = p2a_probe_file(ctx, file, file_bytes, false, &probe);
    if (status == P2A_OK)
        status = p2a_check_size(ctx, probe.width_px, probe.height_px);
    if (status == P2A_OK)
        status = p2a_probe_file(ctx, file, file_bytes, true, &probe);
    if (status != P2A_OK)
        return status;

    p2a_image *image = NULL;
    status = probe.format == P2A_FORMAT_PNG ? decode_png(ctx, file, &probe.png, &image)
                                            : decode_jpeg(ctx, file, file_bytes, &probe, &image);
    if (status != P2A_OK)
        return status;
    status = p2a_image_orient(image, probe.orientation);
    if (status != P2A_OK) {
        p2a_image_destroy(image);
        return status;
    }
    *out = image;
    return P2A_OK;
}
