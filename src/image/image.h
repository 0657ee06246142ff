/* image.h - 8-bit sRGB pixels in memory: the struct behind p2a_image */
#ifndef P2A_IMAGE_IMAGE_H
#define P2A_IMAGE_IMAGE_H

#include "base/context.h"

struct p2a_image {
    p2a_context *ctx; /* kept: its memory */
    uint32_t width_px;
    uint32_t height_px;
    uint32_t channels;   /* 3: RGB, 4: RGB and straight alpha */
    size_t stride_bytes; /* width_px * channels: rows follow each other without padding */
    uint8_t *pixels;     /* owned */
};

/* An image with uninitialised pixels. Errors: P2A_ERR_LIMIT, P2A_ERR_MEMORY. */
p2a_status p2a_image_alloc(p2a_context *ctx, size_t width_px, size_t height_px, uint32_t channels,
                           p2a_image **out);

#endif
