/* image.c - a size -> an image in counted memory, and what it holds */
#include "image/image.h"

#include <string.h>

#include "base/alloc.h"

p2a_status p2a_image_alloc(p2a_context *ctx, size_t width_px, size_t height_px, uint32_t channels,
                           p2a_image **out)
{
    *out = NULL;
    const p2a_status status = p2a_check_size(ctx, width_px, height_px);
    if (status != P2A_OK)
        return status;
    size_t stride_bytes, bytes;
    if (!p2a_mul_size(width_px, channels, &stride_bytes) ||
        !p2a_mul_size(stride_bytes, height_px, &bytes))
        return p2a_fail(ctx, P2A_ERR_LIMIT, "%zux%zu pixels of %u bytes overflow", width_px,
                        height_px, (unsigned)channels);

    p2a_image *image = p2a_alloc(ctx, sizeof(*image));
    if (image == NULL)
        return p2a_fail_memory(ctx, sizeof(*image), "an image");
    uint8_t *pixels = p2a_alloc(ctx, bytes);
    if (pixels == NULL) {
        p2a_free(ctx, image);
        return p2a_fail_memory(ctx, bytes, "an image");
    }
    *image = (p2a_image){.ctx = ctx,
                         .width_px = (uint32_t)width_px,
                         .height_px = (uint32_t)height_px,
                         .channels = channels,
                         .stride_bytes = stride_bytes,
                         .pixels = pixels};
    *out = image;
    return P2A_OK;
}

p2a_status p2a_image_create(p2a_context *ctx, const uint8_t *pixels, uint32_t width_px,
                            uint32_t height_px, uint32_t channels, p2a_image **out)
{
    if (out != NULL)
        *out = NULL;
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (out == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a pointer for out, got NULL");
    if (pixels == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a pointer for pixels, got NULL");
    if (channels != 3 && channels != 4)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 3 or 4 for channels, got %u",
                        (unsigned)channels);
    p2a_image *image;
    const p2a_status status = p2a_image_alloc(ctx, width_px, height_px, channels, &image);
    if (status != P2A_OK)
        return status;
    memcpy(image->pixels, pixels, image->stride_bytes * height_px);
    *out = image;
    return P2A_OK;
}

void p2a_image_destroy(p2a_image *image)
{
    if (image == NULL)
        return;
    p2a_free(image->ctx, image->pixels);
    p2a_free(image->ctx, image);
}

uint32_t p2a_image_width(const p2a_image *image)
{
    return image == NULL ? 0 : image->width_px;
}

uint32_t p2a_image_height(const p2a_image *image)
{
    return image == NULL ? 0 : image->height_px;
}

uint32_t p2a_image_channels(const p2a_image *image)
{
    return image == NULL ? 0 : image->channels;
}

const uint8_t *p2a_image_pixels(const p2a_image *image)
{
    return image == NULL ? NULL : image->pixels;
}
