/* png.c - the bytes of a PNG -> its size, palette, data chunks, and whether it is whole */
#include "image/png.h"

#include <string.h>

#include "image/checksum.h"
#include "image/exif.h"

#define SIGNATURE_BYTES 8
#define CHUNK_OVERHEAD_BYTES 12 /* length, type, checksum */
#define CHUNK_BYTES_MAX 0x7fffffffu
#define SIDE_MAX 0x7fffffffu

/* Deflate's densest code is 258 bytes for two bits; zlib's documentation rounds to 1032:1. */
#define INFLATE_RATIO_MAX 1032

#define TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))
#define TYPE_IHDR TYPE('I', 'H', 'D', 'R')
#define TYPE_PLTE TYPE('P', 'L', 'T', 'E')
#define TYPE_TRNS TYPE('t', 'R', 'N', 'S')
#define TYPE_IDAT TYPE('I', 'D', 'A', 'T')
#define TYPE_IEND TYPE('I', 'E', 'N', 'D')
#define TYPE_EXIF TYPE('e', 'X', 'I', 'f')
#define TYPE_CGBI TYPE('C', 'g', 'B', 'I')
#define ANCILLARY_BIT 0x20000000u

typedef struct chunk {
    uint32_t type;
    uint32_t bytes;
    size_t at; /* of its first byte, the length field */
    const uint8_t *data;
} chunk;

typedef struct walk {
    p2a_context *ctx;
    const uint8_t *file;
    size_t bytes;
    size_t at;
    p2a_crc_tables crc;
    p2a_png_info info; /* width_px 0 until IHDR was read */
} walk;

static uint32_t read_u32(const uint8_t *at)
{
    return TYPE(at[0], at[1], at[2], at[3]);
}

bool p2a_png_has_signature(const uint8_t *file, size_t file_bytes)
{
    static const uint8_t signature[SIGNATURE_BYTES] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return file_bytes >= SIGNATURE_BYTES && memcmp(file, signature, SIGNATURE_BYTES) == 0;
}

/* The chunk at w->at; false where the file ends inside it. */
static bool next_chunk(walk *w, chunk *out)
{
    const size_t left = w->bytes - w->at;
    if (left < CHUNK_OVERHEAD_BYTES)
        return false;
    const uint8_t *head = w->file + w->at;
    *out =
        (chunk){.type = read_u32(head + 4), .bytes = read_u32(head), .at = w->at, .data = head + 8};
    if (out->bytes > CHUNK_BYTES_MAX || out->bytes > left - CHUNK_OVERHEAD_BYTES)
        return false;
    w->at += CHUNK_OVERHEAD_BYTES + (size_t)out->bytes;
    return true;
}

static p2a_status fail_chunk(const walk *w, const chunk *c, const char *rule)
{
    char name[5];
    for (int i = 0; i < 4; i++) {
        const char letter = (char)(c->type >> (24 - 8 * i) & 0xff);
        name[i] = (char)(letter >= ' ' && letter <= '~' ? letter : '?');
    }
    name[4] = '\0';
    return p2a_fail(w->ctx, P2A_ERR_IMAGE, "damaged PNG: chunk %s at byte %zu, %u bytes: %s", name,
                    c->at, (unsigned)c->bytes, rule);
}

static bool depth_is_allowed(uint32_t colour, uint32_t bit_depth)
{
    switch (colour) {
    case P2A_PNG_GREY:
        return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 || bit_depth == 8 ||
               bit_depth == 16;
    case P2A_PNG_PALETTE:
        return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 || bit_depth == 8;
    case P2A_PNG_RGB:
    case P2A_PNG_GREY_ALPHA:
    case P2A_PNG_RGB_ALPHA:
        return bit_depth == 8 || bit_depth == 16;
    default:
        return false;
    }
}

static p2a_status read_ihdr(walk *w, const chunk *c)
{
    if (w->info.width_px != 0)
        return fail_chunk(w, c, "a second header");
    if (c->bytes != 13)
        return fail_chunk(w, c, "expected 13 bytes");
    const uint32_t width_px = read_u32(c->data), height_px = read_u32(c->data + 4);
    const uint32_t bit_depth = c->data[8], colour = c->data[9], interlace = c->data[12];
    if (width_px == 0 || height_px == 0 || width_px > SIDE_MAX || height_px > SIDE_MAX)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                        "damaged PNG: expected 1 to 2147483647 px a side, got %ux%u",
                        (unsigned)width_px, (unsigned)height_px);
    if (!depth_is_allowed(colour, bit_depth))
        return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                        "damaged PNG: colour type %u does not go with %u bits", (unsigned)colour,
                        (unsigned)bit_depth);
    if (c->data[10] != 0 || c->data[11] != 0 || interlace > 1)
        return fail_chunk(w, c, "unknown compression, filter or interlace method");
    w->info.width_px = width_px;
    w->info.height_px = height_px;
    w->info.bit_depth = bit_depth;
    w->info.colour = (p2a_png_colour)colour;
    w->info.interlaced = interlace == 1;
    return P2A_OK;
}

static p2a_status read_plte(walk *w, const chunk *c)
{
    if (c->bytes == 0 || c->bytes % 3 != 0 || c->bytes > 256 * 3)
        return fail_chunk(w, c, "expected 1 to 256 colours of 3 bytes");
    if (w->info.palette != NULL)
        return fail_chunk(w, c, "a second palette");
    if (w->info.data_chunk_count != 0)
        return fail_chunk(w, c, "expected before the pixel data");
    w->info.palette = c->data;
    w->info.palette_count = c->bytes / 3;
    return P2A_OK;
}

static p2a_status read_trns(walk *w, const chunk *c)
{
    if (w->info.transparency != NULL)
        return fail_chunk(w, c, "a second transparency");
    if (w->info.data_chunk_count != 0)
        return fail_chunk(w, c, "expected before the pixel data");
    switch (w->info.colour) {
    case P2A_PNG_GREY:
        if (c->bytes != 2)
            return fail_chunk(w, c, "expected 2 bytes");
        break;
    case P2A_PNG_RGB:
        if (c->bytes != 6)
            return fail_chunk(w, c, "expected 6 bytes");
        break;
    case P2A_PNG_PALETTE:
        if (w->info.palette == NULL || c->bytes > w->info.palette_count)
            return fail_chunk(w, c, "expected at most one byte for each colour of the palette");
        break;
    case P2A_PNG_GREY_ALPHA:
    case P2A_PNG_RGB_ALPHA:
        return fail_chunk(w, c, "expected only without an alpha channel");
    }
    w->info.transparency = c->data;
    w->info.transparency_bytes = c->bytes;
    return P2A_OK;
}

static void read_idat(walk *w, const chunk *c)
{
    if (w->info.data_chunk_count == 0)
        w->info.data_at = (size_t)(c->data - w->file);
    w->info.data_bytes += c->bytes; /* cannot overflow: all lie inside the file */
    w->info.data_chunk_count++;
}

static p2a_status read_chunk(walk *w, const chunk *c)
{
    if (c->type == TYPE_CGBI)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                        "expected a standard PNG, got Apple's CgBI variant, for use inside an "
                        "iPhone app: save it as PNG");
    if (w->info.width_px == 0 && c->type != TYPE_IHDR)
        return fail_chunk(w, c, "expected the header IHDR first");
    const bool critical = (c->type & ANCILLARY_BIT) == 0;
    if ((critical || c->type == TYPE_TRNS) &&
        p2a_crc(&w->crc, c->data - 4, (size_t)c->bytes + 4) != read_u32(c->data + c->bytes))
        return fail_chunk(w, c, "wrong checksum");
    switch (c->type) {
    case TYPE_IHDR:
        return read_ihdr(w, c);
    case TYPE_PLTE:
        return read_plte(w, c);
    case TYPE_TRNS:
        return read_trns(w, c);
    case TYPE_IDAT:
        read_idat(w, c);
        return P2A_OK;
    case TYPE_EXIF:
        if (w->info.orientation == 0)
            w->info.orientation = p2a_exif_orientation(c->data, c->bytes);
        return P2A_OK;
    case TYPE_IEND:
        return P2A_OK;
    default:
        return critical ? fail_chunk(w, c, "unknown, and marked as one that must be known")
                        : P2A_OK;
    }
}

static p2a_status walk_chunks(walk *w, bool *out_whole)
{
    *out_whole = false;
    chunk c;
    while (next_chunk(w, &c)) {
        const p2a_status status = read_chunk(w, &c);
        if (status != P2A_OK)
            return status;
        if (c.type == TYPE_IEND) {
            *out_whole = true;
            break;
        }
    }
    if (w->info.width_px == 0)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE, "the PNG is cut off: no header in its %zu bytes",
                        w->bytes);
    if (w->info.orientation == 0)
        w->info.orientation = P2A_ORIENTATION_UPRIGHT;
    return P2A_OK;
}

p2a_status p2a_png_read_header(p2a_context *ctx, const uint8_t *file, size_t file_bytes,
                               p2a_png_info *out)
{
    walk w = {.ctx = ctx, .file = file, .bytes = file_bytes, .at = SIGNATURE_BYTES};
    p2a_crc_fill(&w.crc);
    bool whole;
    const p2a_status status = walk_chunks(&w, &whole);
    if (status == P2A_OK)
        *out = w.info;
    return status;
}

p2a_status p2a_png_check(p2a_context *ctx, const uint8_t *file, size_t file_bytes,
                         p2a_png_info *out)
{
    walk w = {.ctx = ctx, .file = file, .bytes = file_bytes, .at = SIGNATURE_BYTES};
    p2a_crc_fill(&w.crc);
    bool whole;
    const p2a_status status = walk_chunks(&w, &whole);
    if (status != P2A_OK)
        return status;
    if (!whole)
        return p2a_fail(ctx, P2A_ERR_IMAGE,
                        "the PNG is cut off: its %zu bytes end without an end chunk", file_bytes);
    if (w.info.data_chunk_count == 0)
        return p2a_fail(ctx, P2A_ERR_IMAGE, "damaged PNG: no pixel data (chunk IDAT)");
    if (w.info.colour == P2A_PNG_PALETTE && w.info.palette == NULL)
        return p2a_fail(ctx, P2A_ERR_IMAGE, "damaged PNG: no palette (chunk PLTE)");
    if (p2a_png_raw_bytes(&w.info) / INFLATE_RATIO_MAX > w.info.data_bytes)
        return p2a_fail(ctx, P2A_ERR_IMAGE,
                        "damaged PNG: %zu bytes of pixel data cannot hold %ux%u pixels",
                        w.info.data_bytes, (unsigned)w.info.width_px, (unsigned)w.info.height_px);
    *out = w.info;
    return P2A_OK;
}

void p2a_png_gather(const p2a_png_info *png, const uint8_t *file, uint8_t *data)
{
    const uint8_t *at = file + png->data_at - 8;
    for (uint32_t chunks = 0; chunks < png->data_chunk_count;) {
        const uint32_t bytes = read_u32(at);
        if (read_u32(at + 4) == TYPE_IDAT) {
            memcpy(data, at + 8, bytes);
            data += bytes;
            chunks++;
        }
        at += CHUNK_OVERHEAD_BYTES + (size_t)bytes;
    }
}

uint32_t p2a_png_samples(const p2a_png_info *png)
{
    switch (png->colour) {
    case P2A_PNG_GREY_ALPHA:
        return 2;
    case P2A_PNG_RGB:
        return 3;
    case P2A_PNG_RGB_ALPHA:
        return 4;
    default:
        return 1;
    }
}

static uint64_t row_bytes_of(const p2a_png_info *png, uint32_t width_px)
{
    return ((uint64_t)width_px * p2a_png_samples(png) * png->bit_depth + 7) / 8;
}

size_t p2a_png_row_bytes(const p2a_png_info *png, uint32_t width_px)
{
    return (size_t)row_bytes_of(png, width_px);
}

uint64_t p2a_png_raw_bytes(const p2a_png_info *png)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < p2a_png_pass_count(png); i++) {
        const p2a_png_pass pass = p2a_png_get_pass(png, i);
        if (pass.width_px == 0 || pass.height_px == 0)
            continue;
        const uint64_t row = row_bytes_of(png, pass.width_px) + 1;
        if (row > (UINT64_MAX - total) / pass.height_px)
            return UINT64_MAX;
        total += row * pass.height_px;
    }
    return total;
}

uint32_t p2a_png_pass_count(const p2a_png_info *png)
{
    return png->interlaced ? P2A_PNG_PASSES_MAX : 1;
}

p2a_png_pass p2a_png_get_pass(const p2a_png_info *png, uint32_t pass)
{
    if (!png->interlaced)
        return (p2a_png_pass){0, 0, 1, 1, png->width_px, png->height_px};
    /* PNG specification, 8.2: first x, first y, step x, step y of each pass. */
    static const uint8_t grid[P2A_PNG_PASSES_MAX][4] = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
        {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
    };
    const uint8_t *g = grid[pass];
    p2a_png_pass out = {g[0], g[1], g[2], g[3], 0, 0};
    if (png->width_px > g[0])
        out.width_px = (png->width_px - g[0] + g[2] - 1) / g[2];
    if (png->height_px > g[1])
        out.height_px = (png->height_px - g[1] + g[3] - 1) / g[3];
    return out;
}
