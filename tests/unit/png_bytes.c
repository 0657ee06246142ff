/* png_bytes.c - a formula's picture -> a PNG file, bit by bit */
#include "png_bytes.h"

#include <stdlib.h>
#include <string.h>

static void append(png_bytes *png, const void *bytes, size_t count)
{
    if (png->bytes == NULL || png->count + count > png->capacity) {
        png->capacity = 2 * (png->count + count) + 64;
        png->bytes = realloc(png->bytes, png->capacity);
    }
    if (count > 0)
        memcpy(png->bytes + png->count, bytes, count);
    png->count += count;
}

static void append_u32(png_bytes *png, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                              (uint8_t)value};
    append(png, bytes, 4);
}

/* One bit after the other, as in the PNG specification's annex D. */
static uint32_t crc_of(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static uint32_t adler_of(const uint8_t *bytes, size_t count)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < count; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

void png_begin(png_bytes *png)
{
    *png = (png_bytes){0};
    append(png, "\x89PNG\r\n\x1a\n", 8);
}

void png_chunk(png_bytes *png, const char *type, const void *data, size_t count)
{
    append_u32(png, (uint32_t)count);
    const size_t at = png->count;
    append(png, type, 4);
    append(png, data, count);
    append_u32(png, crc_of(png->bytes + at, count + 4));
}

void png_header(png_bytes *png, const png_kind *kind)
{
    const uint32_t w = kind->width_px, h = kind->height_px;
    const uint8_t data[13] = {(uint8_t)(w >> 24),
                              (uint8_t)(w >> 16),
                              (uint8_t)(w >> 8),
                              (uint8_t)w,
                              (uint8_t)(h >> 24),
                              (uint8_t)(h >> 16),
                              (uint8_t)(h >> 8),
                              (uint8_t)h,
                              kind->bit_depth,
                              kind->colour,
                              0,
                              0,
                              kind->interlaced};
    png_chunk(png, "IHDR", data, sizeof(data));
}

void png_data(png_bytes *png, const uint8_t *raw, size_t count, size_t chunk_count)
{
    png_bytes zlib = {0};
    append(&zlib, "\x78\x01", 2);
    size_t at = 0;
    do {
        const size_t left = count - at;
        const uint16_t n = left < 65535 ? (uint16_t)left : 65535;
        const uint8_t head[5] = {left == n, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n,
                                 (uint8_t)(~n >> 8)};
        append(&zlib, head, 5);
        append(&zlib, raw + at, n);
        at += n;
    } while (at < count);
    append_u32(&zlib, adler_of(raw, count));

    const size_t piece = zlib.count / chunk_count;
    for (size_t i = 0; i < chunk_count; i++)
        png_chunk(png, "IDAT", zlib.bytes + i * piece,
                  i + 1 < chunk_count ? piece : zlib.count - i * piece);
    png_free(&zlib);
}

void png_free(png_bytes *png)
{
    free(png->bytes);
    *png = (png_bytes){0};
}

uint32_t png_samples(const png_kind *kind)
{
    return kind->colour == 2 ? 3 : kind->colour == 4 ? 2 : kind->colour == 6 ? 4 : 1;
}

uint32_t png_sample(const png_kind *kind, uint32_t x, uint32_t y, uint32_t sample)
{
    const uint32_t mixed = (x * 40503u + y * 9973u + sample * 30011u) * 2654435761u >> 13;
    const uint32_t smooth = x * 11 + y * 7 + sample * 50;
    const uint32_t value = y % 3 == 0 ? mixed : smooth << (kind->bit_depth == 16 ? 7 : 0);
    return value & ((1u << kind->bit_depth) - 1);
}

/* Rows of the pixels first_x, first_x + step_x, ... of first_y, ..., not filtered. */
static uint8_t *pack_pass(const png_kind *kind, uint32_t first_x, uint32_t first_y, uint32_t step_x,
                          uint32_t step_y, size_t *row_bytes, size_t *rows)
{
    const uint32_t samples = png_samples(kind), bits = kind->bit_depth;
    size_t columns = 0;
    for (uint32_t x = first_x; x < kind->width_px; x += step_x)
        columns++;
    *rows = 0;
    for (uint32_t y = first_y; y < kind->height_px; y += step_y)
        (*rows)++;
    *row_bytes = (columns * samples * bits + 7) / 8;
    if (columns == 0)
        *rows = 0;
    uint8_t *packed = calloc(*row_bytes * *rows + 1, 1);
    for (size_t j = 0; j < *rows; j++)
        for (size_t i = 0; i < columns * samples; i++) {
            const uint32_t x = first_x + (uint32_t)(i / samples) * step_x;
            const uint32_t y = first_y + (uint32_t)j * step_y;
            const uint32_t value = png_sample(kind, x, y, (uint32_t)(i % samples));
            for (uint32_t b = 0; b < bits; b++) {
                const size_t bit = i * bits + b;
                if (value >> (bits - 1 - b) & 1)
                    packed[j * *row_bytes + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
            }
        }
    return packed;
}

/* PNG specification, 9.4. */
static int paeth(int a, int b, int c)
{
    const int p = a + b - c;
    const int pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    if (pa <= pb && pa <= pc)
        return a;
    return pb <= pc ? b : c;
}

static void append_filtered(png_bytes *raw, const uint8_t *packed, size_t row_bytes, size_t rows,
                            size_t pixel)
{
    for (size_t j = 0; j < rows; j++) {
        const uint8_t filter = (uint8_t)(j % 5);
        append(raw, &filter, 1);
        for (size_t i = 0; i < row_bytes; i++) {
            const uint8_t *row = packed + j * row_bytes;
            const int a = i >= pixel ? row[i - pixel] : 0;
            const int b = j > 0 ? (row - row_bytes)[i] : 0;
            const int c = j > 0 && i >= pixel ? (row - row_bytes)[i - pixel] : 0;
            const int guesses[5] = {0, a, b, (a + b) / 2, paeth(a, b, c)};
            const uint8_t rest = (uint8_t)(row[i] - guesses[filter]);
            append(raw, &rest, 1);
        }
    }
}

uint8_t *png_rows(const png_kind *kind, size_t *out_count)
{
    static const uint8_t passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                         {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    const uint32_t pixel_bits = png_samples(kind) * kind->bit_depth;
    const size_t pixel = pixel_bits < 8 ? 1 : pixel_bits / 8;
    png_bytes raw = {0};
    append(&raw, "", 0);
    for (int p = 0; p < (kind->interlaced ? 7 : 1); p++) {
        const uint8_t *g = passes[p];
        size_t row_bytes, rows;
        uint8_t *packed = kind->interlaced
                              ? pack_pass(kind, g[0], g[1], g[2], g[3], &row_bytes, &rows)
                              : pack_pass(kind, 0, 0, 1, 1, &row_bytes, &rows);
        append_filtered(&raw, packed, row_bytes, rows, pixel);
        free(packed);
    }
    *out_count = raw.count;
    return raw.bytes;
}

png_bytes png_file(const png_kind *kind, const uint8_t *palette, size_t palette_count,
                   const uint8_t *transparency, size_t transparency_count)
{
    png_bytes png;
    png_begin(&png);
    png_header(&png, kind);
    if (palette != NULL)
        png_chunk(&png, "PLTE", palette, palette_count * 3);
    if (transparency != NULL)
        png_chunk(&png, "tRNS", transparency, transparency_count);
    size_t count;
    uint8_t *raw = png_rows(kind, &count);
    png_data(&png, raw, count, 2);
    free(raw);
    png_chunk(&png, "IEND", NULL, 0);
    return png;
}
