/* png_rows.c - filtered PNG rows of any colour type and depth -> 8-bit RGB or RGBA pixels */
#include "image/png_rows.h"

#include <stdlib.h>
#include <string.h>

/* PNG specification, 9.2. */
enum { FILTER_NONE, FILTER_SUB, FILTER_UP, FILTER_AVERAGE, FILTER_PAETH };

uint32_t p2a_png_channels(const p2a_png_info *png)
{
    const bool alpha = png->colour == P2A_PNG_GREY_ALPHA || png->colour == P2A_PNG_RGB_ALPHA;
    return alpha || png->transparency != NULL ? 4 : 3;
}

static inline uint8_t paeth(int left, int up, int up_left)
{
    const int to_left = abs(up - up_left), to_up = abs(left - up_left);
    const int to_up_left = abs(left + up - 2 * up_left);
    if (to_left <= to_up && to_left <= to_up_left)
        return (uint8_t)left;
    return (uint8_t)(to_up <= to_up_left ? up : up_left);
}

/* up: the row above, unfiltered; NULL above the first. pixel: bytes to the pixel on the left. */
static inline void unfilter_pixels(uint32_t filter, uint8_t *row, const uint8_t *up, size_t bytes,
                                   size_t pixel)
{
    switch (filter) {
    case FILTER_SUB:
        for (size_t i = pixel; i < bytes; i++)
            row[i] = (uint8_t)(row[i] + row[i - pixel]);
        break;
    case FILTER_UP:
        if (up != NULL)
            for (size_t i = 0; i < bytes; i++)
                row[i] = (uint8_t)(row[i] + up[i]);
        break;
    case FILTER_AVERAGE:
        for (size_t i = 0; i < bytes; i++) {
            const uint32_t left = i >= pixel ? row[i - pixel] : 0;
            row[i] = (uint8_t)(row[i] + (left + (up != NULL ? up[i] : 0)) / 2);
        }
        break;
    case FILTER_PAETH:
        if (up == NULL) { /* above the first row all is 0: the left pixel always wins */
            for (size_t i = pixel; i < bytes; i++)
                row[i] = (uint8_t)(row[i] + row[i - pixel]);
            break;
        }
        for (size_t i = 0; i < pixel && i < bytes; i++)
            row[i] = (uint8_t)(row[i] + up[i]);
        for (size_t i = pixel; i < bytes; i++)
            row[i] = (uint8_t)(row[i] + paeth(row[i - pixel], up[i], up[i - pixel]));
        break;
    default:
        break;
    }
}

/* The distance to the pixel on the left as a constant makes the loops above twice as fast. */
static void unfilter(uint32_t filter, uint8_t *row, const uint8_t *up, size_t bytes, size_t pixel)
{
    switch (pixel) {
    case 3:
        unfilter_pixels(filter, row, up, bytes, 3);
        break;
    case 4:
        unfilter_pixels(filter, row, up, bytes, 4);
        break;
    default:
        unfilter_pixels(filter, row, up, bytes, pixel);
        break;
    }
}

/* Sample `index` of a row, at its full depth. */
static inline uint32_t sample_at(const uint8_t *row, size_t index, uint32_t bit_depth)
{
    if (bit_depth == 8)
        return row[index];
    if (bit_depth == 16)
        return (uint32_t)row[2 * index] << 8 | row[2 * index + 1];
    const size_t bit = index * bit_depth;
    return row[bit / 8] >> (8 - bit_depth - bit % 8) & ((1u << bit_depth) - 1);
}

/* A sample of full depth in 8 bits, rounded to nearest: v * 255 / (2^depth - 1). */
static inline uint8_t to_8_bits(uint32_t value, uint32_t bit_depth)
{
    if (bit_depth == 8)
        return (uint8_t)value;
    if (bit_depth == 16)
        return (uint8_t)((value * 255 + 32895) >> 16);
    return (uint8_t)(value * (255 / ((1u << bit_depth) - 1)));
}

static uint32_t read_key(const uint8_t *transparency, uint32_t sample)
{
    return (uint32_t)transparency[2 * sample] << 8 | transparency[2 * sample + 1];
}

static void spread_palette(const p2a_png_info *png, const uint8_t *row, uint32_t count,
                           uint8_t *out, size_t step, uint32_t channels)
{
    for (uint32_t i = 0; i < count; i++, out += step) {
        const uint32_t index = sample_at(row, i, png->bit_depth);
        /* An index behind the palette's end is an error that all viewers show as black. */
        if (index < png->palette_count)
            memcpy(out, png->palette + 3 * index, 3);
        else
            memset(out, 0, 3);
        if (channels == 4)
            out[3] = index < png->transparency_bytes ? png->transparency[index] : 255;
    }
}

static void spread_grey(const p2a_png_info *png, const uint8_t *row, uint32_t count, uint8_t *out,
                        size_t step, uint32_t channels)
{
    const uint32_t bit_depth = png->bit_depth, samples = p2a_png_samples(png);
    const uint32_t key_mask = (1u << bit_depth) - 1;
    for (uint32_t i = 0; i < count; i++, out += step) {
        const uint32_t value = sample_at(row, (size_t)i * samples, bit_depth);
        out[0] = out[1] = out[2] = to_8_bits(value, bit_depth);
        if (samples == 2)
            out[3] = to_8_bits(sample_at(row, (size_t)i * 2 + 1, bit_depth), bit_depth);
        else if (channels == 4)
            out[3] = value == (read_key(png->transparency, 0) & key_mask) ? 0 : 255;
    }
}

static void spread_rgb(const p2a_png_info *png, const uint8_t *row, uint32_t count, uint8_t *out,
                       size_t step, uint32_t channels)
{
    const uint32_t bit_depth = png->bit_depth, samples = p2a_png_samples(png);
    const uint32_t key_mask = (1u << bit_depth) - 1;
    for (uint32_t i = 0; i < count; i++, out += step) {
        uint32_t value[3];
        bool is_key = channels == 4 && samples == 3;
        for (uint32_t c = 0; c < 3; c++) {
            value[c] = sample_at(row, (size_t)i * samples + c, bit_depth);
            out[c] = to_8_bits(value[c], bit_depth);
            is_key = is_key && value[c] == (read_key(png->transparency, c) & key_mask);
        }
        if (samples == 4)
            out[3] = to_8_bits(sample_at(row, (size_t)i * 4 + 3, bit_depth), bit_depth);
        else if (channels == 4)
            out[3] = is_key ? 0 : 255;
    }
}

static void spread_row(const p2a_png_info *png, const uint8_t *row, uint32_t count, uint8_t *out,
                       size_t step, uint32_t channels)
{
    const bool is_rgb = png->colour == P2A_PNG_RGB || png->colour == P2A_PNG_RGB_ALPHA;
    if (is_rgb && png->bit_depth == 8 && channels == p2a_png_samples(png) && step == channels)
        memcpy(out, row, (size_t)count * channels);
    else if (is_rgb)
        spread_rgb(png, row, count, out, step, channels);
    else if (png->colour == P2A_PNG_PALETTE)
        spread_palette(png, row, count, out, step, channels);
    else
        spread_grey(png, row, count, out, step, channels);
}

p2a_status p2a_png_unpack(p2a_context *ctx, const p2a_png_info *png, uint8_t *raw, p2a_image *image)
{
    const uint32_t pixel_bits = p2a_png_samples(png) * png->bit_depth;
    const size_t pixel = pixel_bits < 8 ? 1 : pixel_bits / 8;
    for (uint32_t p = 0; p < p2a_png_pass_count(png); p++) {
        const p2a_png_pass pass = p2a_png_get_pass(png, p);
        if (pass.width_px == 0)
            continue;
        const size_t row_bytes = p2a_png_row_bytes(png, pass.width_px);
        const uint8_t *up = NULL;
        for (uint32_t i = 0; i < pass.height_px; i++) {
            const uint32_t filter = raw[0];
            const size_t y = pass.first_y + (size_t)i * pass.step_y;
            if (filter > FILTER_PAETH)
                return p2a_fail(ctx, P2A_ERR_IMAGE,
                                "damaged PNG: expected a filter of 0 to 4 for row %zu, got %u", y,
                                (unsigned)filter);
            uint8_t *row = raw + 1;
            unfilter(filter, row, up, row_bytes, pixel);
            spread_row(png, row, pass.width_px,
                       image->pixels + y * image->stride_bytes +
                           (size_t)pass.first_x * image->channels,
                       (size_t)pass.step_x * image->channels, image->channels);
            up = row;
            raw += 1 + row_bytes;
        }
    }
    return P2A_OK;
}
