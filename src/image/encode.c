/* encode.c - 8-bit sRGB pixels -> the bytes of a PNG or JPEG file */
#include <string.h>

#include "base/alloc.h"
#include "image/image.h"
#include "image/output.h"
#include "image/png_write.h"

/*
 * stb_image_write makes the JPEG; it allocates nothing for that. The PNG is ours (png_write.c):
 * stb's takes a third more bytes, several times as long, and does not survive a failed allocation.
 */
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(x) ((void)0)

#if defined(__GNUC__)
/* gcc looks for functions that were declared and not defined at the end of the file: no pop. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif
#include <stb_image_write.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#define JPEG_SIDE_MAX_PX 65500 /* of the format's 65535, as libjpeg has it: others read no more */

/* A first guess of the file's size; the output grows where it is wrong. */
#define EXPECTED_HEADER_BYTES 4096
#define PNG_PIXELS_PER_BYTE 1
#define JPEG_PIXELS_PER_BYTE 4

static void append_bytes(void *user, void *bytes, int count)
{
    p2a_output_append(user, bytes, (size_t)count);
}

/* JPEG has no alpha: a copy of the pixels, set on white. *out: given, p2a_free(). */
static p2a_status set_on_white(p2a_context *ctx, const p2a_image *image, uint8_t **out)
{
    const size_t pixels = (size_t)image->width_px * image->height_px;
    uint8_t *rgb = p2a_alloc(ctx, pixels * 3);
    if (rgb == NULL)
        return p2a_fail_memory(ctx, pixels * 3, "a JPEG's pixels");
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *from = image->pixels + i * 4;
        const uint32_t alpha = from[3];
        for (int c = 0; c < 3; c++)
            rgb[i * 3 + c] = (uint8_t)((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    *out = rgb;
    return P2A_OK;
}

static p2a_status write_jpeg(p2a_context *ctx, const p2a_image *image, uint32_t quality,
                             p2a_output *output)
{
    if (image->width_px > JPEG_SIDE_MAX_PX || image->height_px > JPEG_SIDE_MAX_PX)
        return p2a_fail(ctx, P2A_ERR_LIMIT, "expected at most %d px a side for a JPEG, got %ux%u",
                        JPEG_SIDE_MAX_PX, (unsigned)image->width_px, (unsigned)image->height_px);
    const uint8_t *pixels = image->pixels;
    uint8_t *flat = NULL;
    if (image->channels == 4) {
        const p2a_status status = set_on_white(ctx, image, &flat);
        if (status != P2A_OK)
            return status;
        pixels = flat;
    }
    const int written = stbi_write_jpg_to_func(append_bytes, output, (int)image->width_px,
                                               (int)image->height_px, 3, pixels, (int)quality);
    p2a_free(ctx, flat);
    if (output->failed)
        return p2a_fail_memory(ctx, output->count, "a JPEG file");
    if (!written)
        return p2a_fail(ctx, P2A_ERR_INTERNAL, "the JPEG writer refused %ux%u pixels",
                        (unsigned)image->width_px, (unsigned)image->height_px);
    return P2A_OK;
}

static p2a_status check_arguments(p2a_context *ctx, const p2a_image *image, p2a_format format,
                                  uint32_t quality, const size_t *out_bytes, uint8_t *const *out)
{
    if (out == NULL || out_bytes == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a pointer for %s, got NULL",
                        out == NULL ? "out" : "out_bytes");
    if (image == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected an image for image, got NULL");
    if (format != P2A_FORMAT_PNG && format != P2A_FORMAT_JPEG)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 0 (PNG) or 1 (JPEG) for format, got %d",
                        (int)format);
    if (format == P2A_FORMAT_JPEG && (quality < 1 || quality > 100))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 1 to 100 for quality, got %u",
                        (unsigned)quality);
    return P2A_OK;
}

p2a_status p2a_image_encode(p2a_context *ctx, const p2a_image *image, p2a_format format,
                            uint32_t quality, size_t *out_bytes, uint8_t **out)
{
    if (out != NULL)
        *out = NULL;
    if (out_bytes != NULL)
        *out_bytes = 0;
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    p2a_status status = check_arguments(ctx, image, format, quality, out_bytes, out);
    if (status != P2A_OK)
        return status;

    const bool is_png = format == P2A_FORMAT_PNG;
    const size_t pixels = (size_t)image->width_px * image->height_px;
    const size_t expected_bytes =
        EXPECTED_HEADER_BYTES + pixels / (is_png ? PNG_PIXELS_PER_BYTE : JPEG_PIXELS_PER_BYTE);
    p2a_output output;
    p2a_output_begin(ctx, expected_bytes, &output);
    if (output.failed)
        return p2a_fail_memory(ctx, expected_bytes, "an image file");
    status = is_png ? p2a_png_write(ctx, image, &output) : write_jpeg(ctx, image, quality, &output);
    if (status != P2A_OK) {
        p2a_output_destroy(&output);
        return status;
    }
    *out_bytes = output.count;
    *out = output.bytes;
    return P2A_OK;
}

void p2a_bytes_destroy(p2a_context *ctx, uint8_t *bytes)
{
    if (ctx != NULL)
        p2a_free(ctx, bytes);
}
